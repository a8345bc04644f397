//! Chooses the kind of a document that is not in a tree.

use migrate_manifests::catalog::{Catalog, Kind};
use migrate_manifests::code::Code;
use migrate_manifests::report::Stop;

/// The kind that was typed, else the one whose manifests have this file name, else the only one.
pub(crate) fn choose<'c>(
    catalog: &'c Catalog,
    typed: Option<&str>,
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
    if let Some(typed) = typed {
        let found = kinds.iter().find(|kind| kind.name == typed);
        return found.ok_or_else(|| {
            wrong(format!(
                "the catalog `{}` has no kind `{typed}`, expected one of `{}`",
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
