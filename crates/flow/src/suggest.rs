//! "Did you mean": the nearest of the names that are known.

/// A sentence naming the nearest known name, when one is near enough.
pub(crate) fn nearest<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Option<String> {
    let far = (name.chars().count() / 3).clamp(1, 3);
    known
        .map(|k| (distance(&name.to_lowercase(), &k.to_lowercase()), k))
        .filter(|(d, k)| *d <= far && *k != name)
        .min()
        .map(|(_, k)| format!("did you mean `{k}`?"))
}

/// Edits between two words; swapping two neighbours is one.
fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let mut rows = vec![vec![0usize; b.len() + 1]; a.len() + 1];
    for (i, row) in rows.iter_mut().enumerate() {
        row[0] = i;
    }
    for (j, cell) in rows[0].iter_mut().enumerate() {
        *cell = j;
    }
    for i in 1..=a.len() {
        for j in 1..=b.len() {
            let cost = usize::from(a[i - 1] != b[j - 1]);
            let mut best = (rows[i - 1][j] + 1).min(rows[i][j - 1] + 1).min(rows[i - 1][j - 1] + cost);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                best = best.min(rows[i - 2][j - 2] + 1);
            }
            rows[i][j] = best;
        }
    }
    rows[a.len()][b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_names() {
        let known = ["metadata", "timeout", "input", "then"];
        let near = |name| nearest(name, known.into_iter());
        assert_eq!(near("timout").as_deref(), Some("did you mean `timeout`?"));
        assert_eq!(near("tehn").as_deref(), Some("did you mean `then`?"));
        assert_eq!(near("metaData").as_deref(), Some("did you mean `metadata`?"));
        assert_eq!(near("branches"), None);
    }
}
