//! "Did you mean ...?" for names that a user got wrong.

/// The known name that looks most like `given`, if one looks like it at all: at most one edit in
/// three letters, or else the only name that begins so.
pub fn nearest<'a>(given: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let letters = given.chars().count();
    let given = given.to_lowercase();
    let known: Vec<&str> = known.into_iter().collect();
    let close = known
        .iter()
        .map(|name| (strsim::damerau_levenshtein(&given, &name.to_lowercase()), *name))
        .filter(|(edits, _)| *edits <= (letters / 3).max(1))
        .min_by_key(|(edits, _)| *edits);
    let mut begin_so = known.iter().filter(|name| letters >= 3 && name.to_lowercase().starts_with(&given));
    match (close, begin_so.next(), begin_so.next()) {
        (Some((_, name)), ..) => Some(name),
        (None, Some(name), None) => Some(*name),
        _ => None,
    }
}

/// The end of a message about an unknown name: the nearest known one, and all of them.
///
/// `what` is the plural of what is named, for example `papers`.
pub fn suggest<'a>(given: &str, what: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    let known: Vec<&str> = known.into_iter().collect();
    if known.is_empty() {
        return format!("there are no {what}");
    }
    let list = known.join(", ");
    match nearest(given, known.iter().copied()) {
        Some(name) => format!("did you mean `{name}`? Known {what}: {list}"),
        None => format!("known {what}: {list}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_a_slip_and_refuses_a_stranger() {
        let known = ["epochs", "batch", "select"];
        assert_eq!(nearest("epoch", known), Some("epochs"));
        assert_eq!(nearest("bacth", known), Some("batch"));
        assert_eq!(nearest("Epochs", known), Some("epochs"));
        assert_eq!(nearest("momentum", known), None);
        assert_eq!(nearest("fashion", ["fashion-mnist", "long-tail"]), Some("fashion-mnist"));
        assert_eq!(nearest("cifar", ["cifar-10-resnet50", "cifar10-jpeg"]), None);
    }

    #[test]
    fn lists_what_is_known() {
        assert_eq!(
            suggest("c-mixp", "papers", ["c-mixup", "regmix"]),
            "did you mean `c-mixup`? Known papers: c-mixup, regmix"
        );
        assert_eq!(suggest("zzz", "papers", ["c-mixup"]), "known papers: c-mixup");
        assert_eq!(suggest("zzz", "papers", []), "there are no papers");
    }
}
