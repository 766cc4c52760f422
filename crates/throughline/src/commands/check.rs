//! `throughline check`: the whole catalog and configuration, every problem at once.

use std::path::Path;

use serde_json::json;
use throughline_hub::catalog::{Catalog, Files, report};
use throughline_hub::config::{Config, ConfigError, FILE_NAME};
use throughline_hub::flow::Diagnostic;

use crate::arguments::Global;
use crate::failure::{Exit, Failure, Outcome};
use crate::{screen, settings};

pub(crate) fn run(global: &Global) -> Outcome {
    let path = settings::path(global);
    let config = match Config::read(&path) {
        Ok(config) => config,
        Err(ConfigError::Shape { path, problem }) => {
            return tell(global, named(vec![*problem], &path, None), &Files::default(), "");
        }
        Err(error) => {
            let failure = Failure::from(anyhow::Error::new(error));
            return Err(failure.advise("`throughline init DIR` writes one; -C FILE names another"));
        }
    };
    let mut problems: Vec<Diagnostic> = config.listen_problem().map(listen).into_iter().collect();
    let (files, summary) = match Catalog::files_of(&config) {
        Ok(files) => {
            let summary = catalog(&config, &files, &mut problems);
            (files, summary)
        }
        Err(all) => {
            problems.extend(all);
            (Files::default(), String::new())
        }
    };
    let text = |file: &str| match file {
        FILE_NAME => std::fs::read_to_string(&path).ok(),
        _ => files.get(file).map(str::to_owned),
    };
    let problems = named(report::located(problems, text), &path, config.catalog.as_deref());
    tell(global, problems, &files, &summary)
}

/// Checks the catalog for the configuration; what there is to say when nothing is wrong.
fn catalog(config: &Config, files: &Files, problems: &mut Vec<Diagnostic>) -> String {
    match Catalog::from_files(files) {
        Ok(catalog) => {
            problems.extend(catalog.check(config));
            format!(
                "{} flows, {} adapters, {} routes, {} systems: no problems",
                catalog.flows.len(),
                catalog.adapters.len(),
                catalog.routes.routes.len(),
                config.systems.len()
            )
        }
        Err(all) => {
            problems.extend(all);
            String::new()
        }
    }
}

fn listen(message: String) -> Diagnostic {
    Diagnostic {
        file: FILE_NAME.to_owned(),
        line: 0,
        column: 0,
        pointer: "/listen".to_owned(),
        message,
        help: None,
    }
}

/// Names files as they are reached from here, so that editors and terminals can open them.
fn named(mut problems: Vec<Diagnostic>, config: &Path, catalog: Option<&Path>) -> Vec<Diagnostic> {
    for problem in &mut problems {
        let file = match catalog {
            _ if problem.file == FILE_NAME => config.to_owned(),
            Some(folder) => folder.join(&problem.file),
            None => continue,
        };
        if file.exists() {
            problem.file = file.display().to_string();
        }
    }
    problems
}

fn tell(global: &Global, problems: Vec<Diagnostic>, built_in: &Files, summary: &str) -> Outcome {
    let exit = if problems.is_empty() { Exit::Done } else { Exit::Problems };
    if global.json {
        screen::json(&json!({ "problems": problems }))?;
    } else if problems.is_empty() {
        screen::line(summary)?;
    } else {
        let text = |file: &str| match built_in.get(file) {
            Some(text) => Some(text.to_owned()),
            None => std::fs::read_to_string(file).ok(),
        };
        screen::print(&report::render(&problems, text))?;
    }
    Ok(exit)
}
