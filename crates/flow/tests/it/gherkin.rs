//! As much of Gherkin as the conformance kit uses: scenarios, steps, and documents in triple quotes.

/// A scenario.
pub(crate) struct Scenario {
    pub(crate) name: String,
    pub(crate) steps: Vec<Step>,
}

/// A step, without its keyword.
pub(crate) struct Step {
    pub(crate) text: String,
    pub(crate) document: Option<String>,
}

impl Scenario {
    /// The document of the step that contains a text.
    pub(crate) fn document(&self, text: &str) -> Option<&str> {
        self.steps.iter().find(|s| s.text.contains(text))?.document.as_deref()
    }
}

pub(crate) fn read(feature: &str) -> Vec<Scenario> {
    let mut scenarios: Vec<Scenario> = Vec::new();
    let mut lines = feature.lines();
    while let Some(line) = lines.next() {
        let trimmed = line.trim();
        if let Some(name) = trimmed.strip_prefix("Scenario:") {
            scenarios.push(Scenario { name: name.trim().to_owned(), steps: Vec::new() });
            continue;
        }
        let Some(scenario) = scenarios.last_mut() else { continue };
        if trimmed.starts_with("\"\"\"") {
            let indent = line.len() - line.trim_start().len();
            let document: Vec<&str> = lines
                .by_ref()
                .take_while(|l| !l.trim().starts_with("\"\"\""))
                .map(|l| l.get(indent..).unwrap_or(""))
                .collect();
            scenario.steps.last_mut().unwrap().document = Some(document.join("\n"));
        } else if let Some((_, text)) =
            trimmed.split_once(' ').filter(|(word, _)| ["Given", "When", "Then", "And"].contains(word))
        {
            scenario.steps.push(Step { text: text.to_owned(), document: None });
        }
    }
    scenarios
}
