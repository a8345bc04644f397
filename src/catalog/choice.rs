//! Chooses the kind of a document that is not in a tree.

use super::kind::Kind;
use super::model::Catalog;
use crate::code::Code;
use crate::report::Stop;

/// The kind of this name, else the one whose manifests have this file name, else the only one.
///
/// # Errors
/// No kind has the name, or several kinds are left.
pub fn choose_kind<'c>(
    catalog: &'c Catalog,
    name: Option<&str>,
    file_name: Option<&[u8]>,
) -> Result<&'c Kind, Stop> {
    let kinds = catalog.kinds();
    let wrong = |message| Stop {
        hint: Some("give --kind with one of them".to_owned()),
        ..Stop::new(Code::Usage, message)
    };
    let names = || {
        let names: Vec<_> = kinds.iter().map(|kind| kind.name.as_str()).collect();
        names.join("`, `")
    };
    if let Some(name) = name {
        let found = kinds.iter().find(|kind| kind.name == name);
        return found.ok_or_else(|| {
            wrong(format!(
                "the catalog `{}` has no kind `{name}`, expected one of `{}`",
                catalog.name(),
                names()
            ))
        });
    }
    let mut by_name = file_name
        .into_iter()
        .flat_map(|name| catalog.kinds_named(name));
    match ((by_name.next(), by_name.next()), kinds) {
        ((Some((_, kind)), None), _) => Ok(kind),
        (_, [only]) => Ok(only),
        _ => Err(wrong(format!(
            "the catalog `{}` has several kinds: `{}`",
            catalog.name(),
            names()
        ))),
    }
}
