//! The files that survive a power cut; careless protocols lose some.

use std::collections::BTreeSet;
use std::io;

use super::super::disk::{File, Simulated};
use super::super::fuses::Stop;
use super::super::medium::Medium;
use super::probes::{ALL, EIO, errno, names, open, open_dir, plain};
use crate::storage::disk::{Crossing, Disk as _};

const SEEDS: u64 = 400;

/// Everything that `see` finds after power cuts.
fn outcomes<T: Ord>(disk: &Simulated, see: impl Fn(&Simulated) -> T) -> BTreeSet<T> {
    (0..SEEDS).map(|seed| see(&disk.crash(seed))).collect()
}

fn text(disk: &Simulated, path: &str) -> Option<String> {
    let bytes = disk.read_path(path)?;
    Some(String::from_utf8_lossy(&bytes).into_owned())
}

fn both_media() -> [Simulated; 2] {
    [Simulated::ordered(), Simulated::new(Medium::Unordered, ALL)]
}

#[test]
fn a_seed_decides_everything() {
    let run = |seed| {
        let disk = Simulated::unordered();
        let root = disk.root();
        for name in ["a", "b", "c"].map(plain) {
            let file = disk.create(&root, name).unwrap();
            disk.write(&file, b"some content").unwrap();
        }
        disk.crash(seed).tree()
    };
    for seed in 0..50 {
        assert_eq!(run(seed), run(seed));
    }
    assert_ne!((0..50).map(run).collect::<Vec<_>>(), vec![run(0); 50]);
}

#[test]
fn unwritten_data_are_lost_torn_zeroed_spoiled_or_kept() {
    for disk in both_media() {
        let root = disk.root();
        let file = disk.create(&root, plain("file")).unwrap();
        disk.sync_dir(&root).unwrap();
        disk.write(&file, b"abcdef").unwrap();
        let seen = outcomes(&disk, |after| after.read_path("file"));
        for expected in [&b""[..], b"abcdef", b"abc", b"abc\0\0\0", b"\0\0\0\0\0\0"] {
            assert!(seen.contains(&Some(expected.to_vec())), "{expected:?}");
        }
        assert!(!seen.contains(&None));
        assert!(seen.len() > 20, "garbage");
    }
}

#[test]
fn a_line_added_to_a_durable_file_damages_no_line_before() {
    for disk in both_media() {
        disk.add_file("journal", "first\n");
        let file = disk.open_append(&disk.root(), plain("journal")).unwrap();
        disk.write(&file, b"second\n").unwrap();
        let seen = outcomes(&disk, |after| after.read_path("journal").unwrap());
        assert!(seen.iter().all(|bytes| bytes.starts_with(b"first\n")));
        assert!(seen.contains(&b"first\n"[..]));
        assert!(seen.contains(&b"first\nsec"[..]));
    }
}

#[test]
fn what_is_synced_survives() {
    for disk in both_media() {
        let root = disk.root();
        disk.make_dir(&root, plain("dir")).unwrap();
        let dir = open_dir(&disk, "dir");
        let file = disk.create(&dir, plain("file")).unwrap();
        disk.write(&file, b"content").unwrap();
        disk.set_mode(&file, 0o640).unwrap();
        let all_at_once = disk.kill();
        all_at_once.sync_fs(&all_at_once.root()).unwrap();
        let expected = all_at_once.tree();
        for seed in 0..SEEDS {
            assert_eq!(all_at_once.crash(seed).tree(), expected);
        }
    }
    for disk in [Simulated::ordered(), Simulated::unordered()] {
        let root = disk.root();
        disk.make_dir(&root, plain("dir")).unwrap();
        let dir = open_dir(&disk, "dir");
        let file = disk.create(&dir, plain("file")).unwrap();
        disk.write(&file, b"content").unwrap();
        disk.set_mode(&file, 0o640).unwrap();
        disk.sync_file(&file).unwrap();
        disk.sync_dir(&dir).unwrap();
        disk.sync_dir(&root).unwrap();
        let expected = disk.tree();
        for seed in 0..SEEDS {
            assert_eq!(disk.crash(seed).tree(), expected);
        }
    }
}

#[test]
fn ordered_names_survive_as_a_beginning_of_what_was_done() {
    let disk = Simulated::ordered();
    let root = disk.root();
    for name in ["a", "b", "c"].map(plain) {
        disk.create(&root, name).unwrap();
    }
    disk.exchange((&root, plain("a")), (&root, plain("c")))
        .unwrap();
    disk.rename_new((&root, plain("b")), (&root, plain("d")))
        .unwrap();
    let seen = outcomes(&disk, names);
    let expected = [
        vec![],
        vec!["a"],
        vec!["a", "b"],
        vec!["a", "b", "c"],
        vec!["a", "c", "d"],
    ];
    let expected = expected.map(|names| names.into_iter().map(str::to_owned).collect());
    assert_eq!(seen, BTreeSet::from(expected));
}

#[test]
fn unordered_entries_survive_each_by_itself() {
    let disk = Simulated::unordered();
    disk.add_file("a", "content");
    let root = disk.root();
    disk.rename_over((&root, plain("a")), (&root, plain("b")))
        .unwrap();
    let seen = outcomes(&disk, names);
    let expected = [vec![], vec!["a"], vec!["b"], vec!["a", "b"]];
    let expected = expected.map(|names| names.into_iter().map(str::to_owned).collect());
    assert_eq!(seen, BTreeSet::from(expected));
    let links = outcomes(&disk, |after| after.node("a").map(|node| node.links));
    assert_eq!(links, BTreeSet::from([None, Some(1), Some(2)]));
}

#[test]
fn a_files_sync_commits_earlier_names_only_on_an_ordered_medium() {
    for (disk, count) in [(Simulated::ordered(), 1), (Simulated::unordered(), 4)] {
        let root = disk.root();
        disk.create(&root, plain("a")).unwrap();
        let file = disk.create(&root, plain("b")).unwrap();
        disk.sync_file(&file).unwrap();
        assert_eq!(outcomes(&disk, names).len(), count);
    }
}

#[test]
fn devices_are_independent() {
    let disk = Simulated::ordered();
    disk.mount("other", 2);
    let root = disk.root();
    let other = disk.open_dir(&root, b"other", Crossing::Cross).unwrap();
    disk.create(&root, plain("here")).unwrap();
    disk.create(&other, plain("there")).unwrap();
    assert_eq!(outcomes(&disk.kill(), names).len(), 4);
    let disk = disk.kill();
    let other = disk.open_dir(&disk.root(), b"other", Crossing::Cross);
    disk.sync_fs(&other.unwrap()).unwrap();
    let seen = outcomes(&disk, |after| after.node("other/there").is_some());
    assert_eq!(seen, BTreeSet::from([true]));
    assert_eq!(outcomes(&disk, names).len(), 2);
}

#[test]
fn a_syncfs_that_cannot_be_trusted_succeeds_and_does_nothing() {
    let disk = Simulated::unordered();
    let root = disk.root();
    disk.create(&root, plain("a")).unwrap();
    disk.sync_fs(&root).unwrap();
    assert_eq!(outcomes(&disk, names).len(), 2);
}

#[test]
fn a_kill_loses_nothing_and_makes_nothing_durable() {
    let disk = Simulated::ordered();
    let root = disk.root();
    let file = disk.create(&root, plain("file")).unwrap();
    disk.write(&file, b"content").unwrap();
    let after = disk.kill();
    assert_eq!(after.read_path("file").unwrap(), b"content");
    assert_eq!(errno(disk.create(&root, plain("x"))), EIO);
    assert!(outcomes(&after, |after| text(after, "file")).len() > 5);
}

#[test]
fn metadata_set_after_a_sync_may_be_lost() {
    for disk in both_media() {
        disk.add_file("file", "content");
        disk.set_mode(&open(&disk, "file"), 0o600).unwrap();
        let seen = outcomes(&disk, |after| after.node("file").unwrap().mode);
        assert_eq!(seen, BTreeSet::from([0o600, 0o644]));
    }
}

#[test]
fn a_foreign_replacement_is_whole_and_a_foreign_write_may_be_torn() {
    for disk in both_media() {
        disk.add_file("file", "original");
        disk.foreign_replace("file", "replaced");
        let seen = outcomes(&disk, |after| text(after, "file").unwrap());
        let expected = ["original", "replaced"].map(str::to_owned);
        assert_eq!(seen, BTreeSet::from(expected));
        assert!(disk.foreign_write("file", "in place"));
        assert!(outcomes(&disk, |after| text(after, "file")).len() > 5);
    }
}

// The protocols. Each replaces `manifest`, says whether it is done, and is stopped at every call.

type Protocol = fn(&Simulated) -> io::Result<()>;

const ORIGINAL: &[u8] = b"the original manifest";
const MIGRATED: &[u8] = b"the manifest, migrated";

fn write_in_place(disk: &Simulated) -> io::Result<()> {
    let file = disk.open_append(&disk.root(), plain("manifest"))?;
    disk.truncate(&file, 0)?;
    disk.write(&file, MIGRATED)
}

fn stage(disk: &Simulated) -> io::Result<File> {
    let file = disk.create(&disk.root(), plain("staged"))?;
    disk.write(&file, MIGRATED)?;
    Ok(file)
}

fn put_in_place(disk: &Simulated) -> io::Result<()> {
    let root = disk.root();
    disk.rename_over((&root, plain("staged")), (&root, plain("manifest")))
}

fn rename_without_sync(disk: &Simulated) -> io::Result<()> {
    stage(disk)?;
    put_in_place(disk)
}

fn sync_the_file_alone(disk: &Simulated) -> io::Result<()> {
    disk.sync_file(&stage(disk)?)?;
    put_in_place(disk)
}

fn sync_file_and_directory(disk: &Simulated) -> io::Result<()> {
    sync_the_file_alone(disk)?;
    disk.sync_dir(&disk.root())
}

fn sync_the_file_system(disk: &Simulated) -> io::Result<()> {
    stage(disk)?;
    disk.sync_fs(&disk.root())?;
    put_in_place(disk)?;
    disk.sync_fs(&disk.root())
}

#[derive(Debug, Default, PartialEq, Eq)]
struct Losses {
    /// The manifest was neither the original nor the migrated one.
    torn: bool,
    /// It was gone.
    gone: bool,
    /// It was the original after the protocol had said that it is done.
    undone: bool,
}

fn losses(medium: Medium, protocol: Protocol) -> Losses {
    let mut losses = Losses::default();
    for n in 1.. {
        for stop in [Stop::Before, Stop::Halfway, Stop::After] {
            let disk = Simulated::new(medium, ALL);
            disk.add_file("manifest", ORIGINAL);
            disk.stop_at(n, stop);
            let done = protocol(&disk).is_ok();
            assert_ne!(done, disk.stopped());
            for seed in 0..100 {
                match disk.crash(seed).read_path("manifest").as_deref() {
                    None => losses.gone = true,
                    Some(ORIGINAL) => losses.undone |= done,
                    Some(MIGRATED) => {}
                    Some(_) => losses.torn = true,
                }
            }
            if done {
                return losses;
            }
        }
    }
    losses
}

#[test]
fn careless_protocols_are_seen_to_lose() {
    let none = Losses::default();
    for medium in [Medium::Ordered, Medium::Unordered] {
        let (in_place, renamed) = (
            losses(medium, write_in_place),
            losses(medium, rename_without_sync),
        );
        assert!(
            in_place.torn && in_place.undone && !in_place.gone,
            "{in_place:?}"
        );
        assert!(renamed.torn && renamed.undone, "{renamed:?}");
        let alone = losses(medium, sync_the_file_alone);
        assert!(alone.undone && !alone.torn, "{alone:?}");
    }
    for protocol in [sync_file_and_directory, sync_the_file_system] {
        assert_eq!(losses(Medium::Ordered, protocol), none);
        assert_eq!(losses(Medium::Unordered, protocol), none);
    }
}

#[test]
fn an_original_that_is_moved_aside_is_never_lost() {
    let replace = |disk: &Simulated| -> io::Result<()> {
        let root = disk.root();
        let (staged, manifest, backup) = (plain("staged"), plain("manifest"), plain("backup"));
        stage(disk)?;
        disk.sync_fs(&root)?;
        disk.exchange((&root, staged), (&root, manifest))?;
        disk.rename_new((&root, staged), (&root, backup))?;
        disk.sync_fs(&root)
    };
    let mut stops = 0;
    let mut done = false;
    while !done {
        stops += 1;
        for stop in [Stop::Before, Stop::Halfway, Stop::After] {
            let disk = Simulated::ordered();
            disk.add_file("manifest", ORIGINAL);
            disk.stop_at(stops, stop);
            done = replace(&disk).is_ok();
            for seed in 0..SEEDS {
                let tree = disk.crash(seed).tree();
                let manifest = &tree["manifest"].bytes;
                let whole = manifest == MIGRATED || (manifest == ORIGINAL && !done);
                assert!(whole, "{:?}", disk.log());
                let kept = tree.values().any(|node| node.bytes == ORIGINAL);
                assert!(kept, "{:?}", disk.log());
            }
        }
    }
    assert_eq!(stops, 7);
}

#[test]
fn an_exchange_without_order_may_lose_the_original() {
    for (medium, lost) in [(Medium::Ordered, false), (Medium::Unordered, true)] {
        let disk = Simulated::new(medium, ALL);
        disk.add_file("manifest", ORIGINAL);
        disk.add_file("staged", MIGRATED);
        let root = disk.root();
        disk.exchange((&root, plain("manifest")), (&root, plain("staged")))
            .unwrap();
        let seen = outcomes(&disk, |after| {
            let tree = after.tree();
            tree.values().any(|node| node.bytes == ORIGINAL)
        });
        assert_eq!(seen.contains(&false), lost);
    }
}

#[test]
fn a_second_power_cut_finds_what_the_first_left() {
    let disk = Simulated::unordered();
    let root = disk.root();
    for name in ["a", "b", "c"].map(plain) {
        let file = disk.create(&root, name).unwrap();
        disk.write(&file, b"content").unwrap();
    }
    for seed in 0..SEEDS {
        let after = disk.crash(seed);
        let tree = after.tree();
        assert_eq!(
            after.crash(seed + 1).tree(),
            tree,
            "nothing was done in between"
        );
        let numbers: BTreeSet<u64> = tree.values().map(|node| node.inode).collect();
        let again = after.kill();
        let new = again.create(&again.root(), plain("new")).unwrap();
        assert!(!numbers.contains(&again.stat(&new).unwrap().inode));
    }
}
