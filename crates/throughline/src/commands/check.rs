//! `throughline check`: the whole catalog and configuration, every problem at once.

use std::path::Path;

use serde_json::json;
use throughline_hub::catalog::Catalog;
use throughline_hub::config::{Config, ConfigError};
use throughline_hub::flow::Diagnostic;

use crate::arguments::Global;
use crate::failure::{Exit, Failure, Outcome};
use crate::{screen, settings};

pub(crate) fn run(global: &Global) -> Outcome {
    let path = settings::path(global);
    let config = match Config::read(&path) {
        Ok(config) => config,
        Err(ConfigError::Shape { path, message }) => {
            return tell(global, &[of_file(&path.display().to_string(), message)], "");
        }
        Err(error) => {
            let failure = Failure::from(anyhow::Error::new(error));
            return Err(failure.advise("`throughline init DIR` writes one; -C FILE names another"));
        }
    };
    let mut problems: Vec<Diagnostic> =
        config.listen_problem().map(|said| of_file(&path.display().to_string(), said)).into_iter().collect();
    let mut summary = String::new();
    match Catalog::of(&config) {
        Ok(catalog) => {
            problems.extend(catalog.check(&config));
            summary = format!(
                "{} flows, {} adapters, {} routes, {} systems: no problems",
                catalog.flows.len(),
                catalog.adapters.len(),
                catalog.routes.routes.len(),
                config.systems.len()
            );
        }
        Err(all) => problems.extend(all),
    }
    if let Some(folder) = &config.catalog {
        problems.iter_mut().for_each(|problem| name_whole(problem, folder));
    }
    tell(global, &problems, &summary)
}

/// Names a catalog's file as it is reached from here, so that editors and terminals can open it.
fn name_whole(problem: &mut Diagnostic, folder: &Path) {
    let file = folder.join(&problem.file);
    if file.exists() {
        problem.file = file.display().to_string();
    }
}

fn of_file(file: &str, message: String) -> Diagnostic {
    Diagnostic { file: file.to_owned(), line: 1, column: 1, pointer: String::new(), message, help: None }
}

fn tell(global: &Global, problems: &[Diagnostic], summary: &str) -> Outcome {
    if global.json {
        screen::json(&json!({ "problems": problems }))?;
    } else if problems.is_empty() {
        screen::line(summary)?;
    } else {
        let mut text: String = problems.iter().map(|problem| format!("{problem}\n\n")).collect();
        text.push_str(&match problems.len() {
            1 => "1 problem\n".to_owned(),
            n => format!("{n} problems\n"),
        });
        screen::print(&text)?;
    }
    Ok(if problems.is_empty() { Exit::Done } else { Exit::Problems })
}
