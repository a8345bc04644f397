//! The trees that ship with the project for a first look: `fixtures/demo`, where all goes well, and `fixtures/troubled`.
//!
//! Made with `cargo bench --bench migrate -- demo fixtures`; a test holds the two together.

use std::io;
use std::path::Path;

use super::tree::{Layout, Payload, Run};

/// Makes `root/demo`: seven runs, of which four are pending, one is current, one ahead and one deferred; and `root/troubled`: one run that is pending and one that is refused.
///
/// # Errors
/// A file or directory could not be made.
pub(crate) fn make(root: &Path) -> io::Result<()> {
    let mut demo = [
        Run::of(1, "1.0.0", "succeeded", Layout::PIPELINE),
        Run::of(2, "1.0.0", "failed", Layout::PIPELINE.indented("    ")),
        Run::of(3, "1.1.0", "succeeded", Layout::PIPELINE),
        Run::of(4, "1.1.0", "succeeded", Layout::COMPACT),
        Run::of(5, "1.2.0", "succeeded", Layout::PIPELINE),
        Run::of(6, "1.1.0", "running", Layout::PIPELINE),
        Run::of(8, "1.2.0", "succeeded", Layout::PIPELINE),
    ];
    // A producer that was upgraded first.
    replace(
        &mut demo[6],
        "\"schema_version\": \"1.2.0\"",
        "\"schema_version\": \"1.3.0\"",
    );
    let mut troubled = [
        Run::of(7, "1.1.0", "succeeded", Layout::PIPELINE),
        Run::of(9, "1.1.0", "succeeded", Layout::PIPELINE),
    ];
    // A name twice: readers would disagree on which counts.
    replace(
        &mut troubled[0],
        "  \"status\": ",
        "  \"status\": \"failed\",\n  \"status\": ",
    );
    let write = |tree: &str, runs: &[Run]| {
        let tree = root.join(tree).join("artifacts");
        runs.iter()
            .try_for_each(|run| run.write(&tree, Payload::Full))
    };
    write("demo", &demo)?;
    write("troubled", &troubled)
}

fn replace(run: &mut Run, from: &str, to: &str) {
    let text = String::from_utf8(run.manifest.clone()).expect("a run is a text");
    assert!(text.contains(from), "{from} is not in the manifest");
    run.manifest = text.replacen(from, to, 1).into_bytes();
}
