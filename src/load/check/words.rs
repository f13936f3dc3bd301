//! Words that were probably meant.

/// The known word that is nearest to a given one, if one is near enough to suggest.
#[must_use]
pub fn nearest<'a>(word: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let limit = match word.chars().count() {
        0..=2 => 1,
        3..=5 => 2,
        _ => 3,
    };
    let distance = |other: &str| {
        let folded = strsim::osa_distance(&fold(word), &fold(other));
        (folded, other.len().abs_diff(word.len()))
    };
    known
        .filter(|other| other.len().abs_diff(word.len()) <= limit && *other != word)
        .map(|other| (distance(other), other))
        .filter(|((distance, _), _)| *distance <= limit && *distance < word.chars().count())
        .min()
        .map(|(_, other)| other)
}

/// Case and separators don't make a different word.
fn fold(word: &str) -> String {
    word.chars().filter(|c| !matches!(c, '-' | '_' | ' ')).flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_words_are_suggested_and_far_ones_are_not() {
        let known = ["image", "environment", "env_file", "ports", "init", "dns"];
        for (word, suggested) in [
            ("imgae", Some("image")),
            ("enviroment", Some("environment")),
            ("envFile", Some("env_file")),
            ("Ports", Some("ports")),
            ("port", Some("ports")),
            ("cheese", None),
            ("x", None),
            ("", None),
        ] {
            assert_eq!(nearest(word, known.into_iter()), suggested, "{word}");
        }
    }
}
