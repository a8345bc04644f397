//! Names, inodes and errors, as the kernel has them.

use super::super::disk::{Dir, Simulated};
use super::super::medium::Medium;
use super::probes::{EIO, bytes, errno, open, open_dir, plain};
use crate::path::Name;
use crate::storage::EntryKind;
use crate::storage::disk::{Crossing, Disk as _, MetadataError, Traits};

const EPERM: i32 = 1;
const ENOENT: i32 = 2;
const EBADF: i32 = 9;
const EBUSY: i32 = 16;
const EEXIST: i32 = 17;
const EXDEV: i32 = 18;
const ENOTDIR: i32 = 20;
const EISDIR: i32 = 21;
const EINVAL: i32 = 22;
const ENAMETOOLONG: i32 = 36;
const ENOTEMPTY: i32 = 39;
const ELOOP: i32 = 40;

fn disk() -> Simulated {
    let disk = Simulated::ordered();
    disk.add_file("file", "content");
    disk.add_file("dir/inner", "inner");
    disk.add_dir("empty");
    disk.add_link("link", "file");
    disk.add_link("away", "../out");
    disk.add_link("absolute", "/file");
    disk.add_link("dangling", "nowhere");
    disk.add_link("loop", "loop");
    disk.add_link("todir", "dir");
    disk.add_fifo("pipe");
    disk
}

#[test]
fn a_lookup_follows_no_link_and_stays_below() {
    let disk = disk();
    let root = disk.root();
    let open = |path: &[u8]| errno(disk.open(&root, path, Crossing::Stay));
    let cases: [(&[u8], i32); 12] = [
        (b"file", 0),
        (b"dir/inner", 0),
        (b"dir/../file", 0),
        (b"pipe", 0),
        (b"none", ENOENT),
        (b"file/x", ENOTDIR),
        (b"file/", ENOTDIR),
        (b"link", ELOOP),
        (b"todir/inner", ELOOP),
        (b"../file", EXDEV),
        (b"/file", EXDEV),
        (&[b'x'; 256], ENAMETOOLONG),
    ];
    for (path, expected) in cases {
        assert_eq!(open(path), expected, "{}", String::from_utf8_lossy(path));
    }
    assert_eq!(
        errno(disk.open_dir(&root, b"file", Crossing::Stay)),
        ENOTDIR
    );
    assert_eq!(
        errno(disk.open_dir(&root, b"todir", Crossing::Stay)),
        ENOTDIR
    );
    let again = disk.open_dir(&root, b"", Crossing::Stay).unwrap();
    assert_eq!(
        disk.stat_dir(&again).unwrap(),
        disk.stat_dir(&root).unwrap()
    );
}

#[test]
fn stat_below_follows_links_only_if_asked_to_and_only_below() {
    let disk = disk();
    let root = disk.root();
    let kind = |path: &[u8], follow| disk.stat_below(&root, path, follow).map(|stat| stat.kind);
    assert_eq!(kind(b"link", false).unwrap(), EntryKind::Link);
    assert_eq!(kind(b"link", true).unwrap(), EntryKind::File);
    assert_eq!(kind(b"todir/inner", true).unwrap(), EntryKind::File);
    assert_eq!(errno(kind(b"todir/inner", false)), ELOOP);
    assert_eq!(errno(kind(b"away", true)), EXDEV);
    assert_eq!(errno(kind(b"absolute", true)), EXDEV);
    assert_eq!(errno(kind(b"dangling", true)), ENOENT);
    assert_eq!(errno(kind(b"loop", true)), ELOOP);
    assert_eq!(errno(kind(b"", false)), ENOENT);
    assert_eq!(
        disk.stat_at(&root, plain("loop")).unwrap().kind,
        EntryKind::Link
    );
    assert_eq!(disk.read_link(&root, plain("away")).unwrap(), b"../out");
    assert_eq!(errno(disk.read_link(&root, plain("file"))), EINVAL);
}

#[test]
fn names_are_changed_or_refused_as_by_the_kernel() {
    let disk = disk();
    let root = disk.root();
    let before = disk.tree();
    let dir = open_dir(&disk, "dir");
    assert_eq!(errno(disk.create(&root, plain("file"))), EEXIST);
    assert_eq!(errno(disk.create(&root, plain("dangling"))), EEXIST);
    assert_eq!(errno(disk.make_dir(&root, plain("dir"))), EEXIST);
    assert_eq!(errno(disk.unlink(&root, plain("none"))), ENOENT);
    assert_eq!(errno(disk.unlink(&root, plain("dir"))), EISDIR);
    assert_eq!(errno(disk.remove_dir(&root, plain("file"))), ENOTDIR);
    assert_eq!(errno(disk.remove_dir(&root, plain("dir"))), ENOTEMPTY);
    let rename_over = |from, to| errno(disk.rename_over((&root, plain(from)), (&root, plain(to))));
    assert_eq!(rename_over("none", "file"), ENOENT);
    assert_eq!(rename_over("file", "dir"), EISDIR);
    assert_eq!(rename_over("dir", "file"), ENOTDIR);
    assert_eq!(rename_over("empty", "dir"), ENOTEMPTY);
    assert_eq!(
        errno(disk.rename_over((&root, plain("dir")), (&dir, plain("dir")))),
        EINVAL
    );
    assert_eq!(
        errno(disk.rename_new((&root, plain("file")), (&root, plain("link")))),
        EEXIST
    );
    assert_eq!(
        errno(disk.exchange((&root, plain("file")), (&root, plain("none")))),
        ENOENT
    );
    assert_eq!(
        errno(disk.link((&root, plain("dir")), (&root, plain("new")))),
        EPERM
    );
    assert_eq!(
        errno(disk.link((&root, plain("file")), (&root, plain("link")))),
        EEXIST
    );
    assert_eq!(errno(disk.open_append(&root, plain("dir"))), EISDIR);
    assert_eq!(disk.tree(), before);
}

#[test]
fn renames_exchanges_and_links_move_inodes() {
    let disk = disk();
    let (root, dir) = (disk.root(), open_dir(&disk, "dir"));
    let file = disk.node("file").unwrap();
    let inner = disk.node("dir/inner").unwrap();
    let changed = |path: &str| disk.stat(&open(&disk, path)).unwrap().changed;
    let before = changed("file");
    disk.exchange((&root, plain("file")), (&dir, plain("inner")))
        .unwrap();
    assert_eq!(disk.node("file").unwrap(), inner);
    assert_eq!(disk.node("dir/inner").unwrap(), file);
    assert!(changed("dir/inner") > before);
    disk.rename_new((&dir, plain("inner")), (&root, plain("new")))
        .unwrap();
    assert_eq!(disk.node("new").unwrap(), file);
    disk.link((&root, plain("new")), (&root, plain("second")))
        .unwrap();
    assert_eq!(disk.node("second").unwrap().links, 2);
    // Two names of one file: a rename between them does nothing and succeeds.
    disk.rename_over((&root, plain("new")), (&root, plain("second")))
        .unwrap();
    assert!(disk.node("new").is_some());
    disk.rename_over((&root, plain("new")), (&root, plain("file")))
        .unwrap();
    assert_eq!(disk.node("file").unwrap().inode, file.inode);
    disk.unlink(&root, plain("second")).unwrap();
    assert_eq!(disk.node("file").unwrap().links, 1);
}

#[test]
fn handles_outlive_names() {
    let disk = disk();
    let (root, dir) = (disk.root(), open_dir(&disk, "dir"));
    let inner = open(&disk, "dir/inner");
    let number = disk.stat(&inner).unwrap().inode;
    disk.rename_new((&root, plain("dir")), (&root, plain("moved")))
        .unwrap();
    assert_eq!(bytes(&disk, &inner), b"inner");
    disk.unlink(&dir, plain("inner")).unwrap();
    disk.remove_dir(&root, plain("moved")).unwrap();
    assert_eq!(bytes(&disk, &inner), b"inner");
    assert_eq!(disk.stat(&inner).unwrap().links, 0);
    assert_eq!(errno(disk.create(&dir, plain("x"))), ENOENT);
    // The number is in use as long as the file is open, and given away then.
    let other = disk.create(&root, plain("other")).unwrap();
    assert_ne!(disk.stat(&other).unwrap().inode, number);
    drop(inner);
    let next = disk.create(&root, plain("next")).unwrap();
    assert_eq!(disk.stat(&next).unwrap().inode, number);
}

#[test]
fn files_are_read_written_and_cut() {
    let disk = disk();
    let root = disk.root();
    let new = disk.create(&root, plain("new")).unwrap();
    disk.write(&new, b"hello ").unwrap();
    disk.write(&new, b"world").unwrap();
    assert_eq!(bytes(&disk, &new), b"hello world");
    let stat = disk.stat(&new).unwrap();
    assert_eq!((stat.mode, stat.size, stat.links), (0o600, 11, 1));
    let more = disk.open_append(&root, plain("new")).unwrap();
    disk.truncate(&more, 5).unwrap();
    disk.write(&more, b"!").unwrap();
    assert_eq!(disk.read_path("new").unwrap(), b"hello!");
    let mut some = Vec::new();
    disk.read(&more, &mut some, 0, 2).unwrap();
    assert_eq!(
        some, b"hel",
        "one more than the limit shows that there is more"
    );
    let old = open(&disk, "file");
    assert_eq!(errno(disk.write(&old, b"x")), EBADF);
    assert_eq!(errno(disk.truncate(&old, 0)), EINVAL);
    assert_eq!(
        errno(disk.read(&open(&disk, "dir"), &mut some, 0, 9)),
        EISDIR
    );
}

#[test]
fn devices_are_not_crossed() {
    let disk = disk();
    disk.mount("dir", 7);
    let root = disk.root();
    assert_eq!(errno(disk.open_dir(&root, b"dir", Crossing::Stay)), EXDEV);
    assert_eq!(errno(disk.open(&root, b"dir/inner", Crossing::Stay)), EXDEV);
    let dir = disk.open_dir(&root, b"dir", Crossing::Cross).unwrap();
    assert_eq!(disk.stat_dir(&dir).unwrap().device, 7);
    assert_eq!(disk.stat_at(&dir, plain("inner")).unwrap().device, 7);
    let file: (&Dir, Name<'_>) = (&root, plain("file"));
    let inner: (&Dir, Name<'_>) = (&dir, plain("inner"));
    assert_eq!(errno(disk.exchange(file, inner)), EXDEV);
    assert_eq!(errno(disk.rename_over(file, inner)), EXDEV);
    assert_eq!(errno(disk.rename_new(file, (&dir, plain("new")))), EXDEV);
    assert_eq!(errno(disk.link(file, (&dir, plain("new")))), EXDEV);
    assert_eq!(
        errno(disk.rename_new((&root, plain("dir")), (&root, plain("new")))),
        EBUSY
    );
    disk.create(&dir, plain("made")).unwrap();
    assert_eq!(disk.node("dir/made").unwrap().device, 7);
}

#[test]
fn what_the_file_system_lacks_is_refused() {
    let traits = Traits {
        exchange: false,
        links: false,
        syncfs: false,
        fine_times: false,
    };
    let disk = Simulated::new(Medium::Unordered, traits);
    disk.add_file("a", "a");
    disk.add_file("b", "b");
    let root = disk.root();
    assert_eq!(disk.traits(&root).unwrap(), traits);
    assert_eq!(
        errno(disk.exchange((&root, plain("a")), (&root, plain("b")))),
        EINVAL
    );
    assert_eq!(
        errno(disk.link((&root, plain("a")), (&root, plain("c")))),
        EPERM
    );
    let rename_new = disk.rename_new((&root, plain("a")), (&root, plain("c")));
    assert_eq!(errno(rename_new), EINVAL);
    disk.rename_over((&root, plain("a")), (&root, plain("c")))
        .unwrap();
    let claimed = Traits {
        exchange: true,
        ..traits
    };
    disk.claim(claimed);
    assert_eq!(disk.traits(&root).unwrap(), claimed, "and it is not true");
}

#[test]
fn an_enclave_is_closed_to_what_comes_from_outside() {
    let disk = disk();
    assert!(disk.enclose("dir"));
    let (root, dir) = (disk.root(), open_dir(&disk, "dir"));
    let (file, inner) = ((&root, plain("file")), (&dir, plain("inner")));
    assert_eq!(errno(disk.exchange(file, inner)), EXDEV);
    assert_eq!(errno(disk.rename_over(file, inner)), EXDEV);
    assert_eq!(errno(disk.rename_new(file, (&dir, plain("new")))), EXDEV);
    assert_eq!(errno(disk.link(file, (&dir, plain("new")))), EXDEV);
    let one = disk.stat_dir(&dir).unwrap().device;
    assert_eq!(disk.stat_dir(&root).unwrap().device, one);
    // What is made there can be moved there.
    disk.create(&dir, plain("made")).unwrap();
    disk.exchange((&dir, plain("made")), inner).unwrap();
}

#[test]
fn coarse_times_hide_a_second_write() {
    let unseen = |disk: Simulated| {
        disk.add_file("file", "first");
        let root = disk.root();
        let file = disk.open_append(&root, plain("file")).unwrap();
        let mut unseen = 0;
        for _ in 0..40 {
            let before = disk.stat(&file).unwrap().modified;
            disk.write(&file, b"x").unwrap();
            unseen += u32::from(disk.stat(&file).unwrap().modified == before);
        }
        unseen
    };
    assert_eq!(unseen(Simulated::ordered()), 0);
    assert!(unseen(Simulated::unordered()) > 30);
}

#[test]
fn metadata_are_copied_exactly_or_refused() {
    let disk = disk();
    disk.give_mode("file", 0o640);
    disk.give_owner("file", 1000, 100);
    disk.give_attribute("file", "user.note", b"kept");
    disk.give_attribute("file", "security.ima", b"not copied");
    let root = disk.root();
    let (from, to) = (
        open(&disk, "file"),
        disk.create(&root, plain("new")).unwrap(),
    );
    let wanted = disk.stat(&from).unwrap();
    let (made, attributes) = disk.copy_metadata(&from, &wanted, &to).unwrap();
    assert!(attributes.is_some());
    assert_eq!((made.mode, made.owner, made.group), (0o640, 1000, 100));
    assert_eq!(disk.attribute("new", "user.note").unwrap(), b"kept");
    assert_eq!(disk.attribute("new", "security.ima"), None);

    disk.refuse_attribute("user.note");
    let other = disk.create(&root, plain("other")).unwrap();
    let refused = disk.copy_metadata(&from, &wanted, &other).unwrap_err();
    assert_eq!(
        refused.to_string(),
        "attribute user.note of the manifest cannot be given to the new file"
    );
    disk.act_as(1001);
    let refused = disk.copy_metadata(&from, &wanted, &other).unwrap_err();
    assert!(
        matches!(refused, MetadataError::NotReproducible { what, .. } if what == "owner 1000:100")
    );
}

#[test]
fn an_immutable_file_keeps_names_and_bytes() {
    let disk = disk();
    let (root, file) = (disk.root(), open(&disk, "file"));
    let appending = disk.open_append(&root, plain("file")).unwrap();
    disk.make_immutable("file", true);
    let new: (&Dir, Name<'_>) = (&root, plain("new"));
    assert_eq!(errno(disk.write(&appending, b"x")), EPERM);
    assert_eq!(errno(disk.set_mode(&file, 0o600)), EPERM);
    assert_eq!(errno(disk.set_times(&file, (1, 0), (1, 0))), EPERM);
    assert_eq!(errno(disk.rename_new((&root, plain("file")), new)), EPERM);
    assert_eq!(
        errno(disk.rename_over((&root, plain("pipe")), (&root, plain("file")))),
        EPERM
    );
    assert_eq!(
        errno(disk.exchange((&root, plain("file")), (&root, plain("pipe")))),
        EPERM
    );
    assert_eq!(errno(disk.link((&root, plain("file")), new)), EPERM);
    assert_eq!(errno(disk.unlink(&root, plain("file"))), EPERM);
    disk.make_immutable("file", false);
    disk.unlink(&root, plain("file")).unwrap();
}

#[test]
fn a_listing_has_every_name_and_its_kind_if_it_is_known() {
    let disk = disk();
    let listed = || {
        let mut listed = Vec::new();
        let root = disk.root();
        // The disk may be called from within.
        let mut each = |name: &[u8], kind| {
            disk.stat_at(&root, Name::new(name).unwrap()).unwrap();
            listed.push((String::from_utf8_lossy(name).into_owned(), kind));
        };
        disk.list(&root, &mut each).unwrap();
        listed.sort_by(|a, b| a.0.cmp(&b.0));
        listed
    };
    assert_eq!(listed().len(), 10);
    assert_eq!(listed()[3], ("dir".to_owned(), EntryKind::Directory));
    disk.list_without_kinds();
    assert_eq!(listed()[3], ("dir".to_owned(), EntryKind::Unknown));
}

#[test]
fn a_lock_is_one_handles_until_it_is_dropped_or_the_process_ends() {
    let disk = disk();
    let (mine, other) = (open(&disk, "file"), open(&disk, "file"));
    assert!(disk.try_lock(&mine).unwrap());
    assert!(disk.try_lock(&mine).unwrap());
    assert!(!disk.try_lock(&other).unwrap());
    drop(mine);
    assert!(disk.try_lock(&other).unwrap());
    for after in [disk.kill(), disk.crash(1)] {
        assert_eq!(errno(disk.try_lock(&other)), EIO);
        assert_eq!(
            errno(after.try_lock(&other)),
            EIO,
            "a handle of a dead process"
        );
        assert!(after.try_lock(&open(&after, "file")).unwrap());
    }
}
