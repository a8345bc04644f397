//! Changes to a simulated disk from outside: its first content, and foreign writers.
//!
//! Owns no state and no rules.
//!
//! Invariant: nothing here counts as a call of the process, so fuses are where they were.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::disk::{File, Simulated, State};
use super::image::{Body, Id, Label, ROOT};
use super::medium::{Device, Medium};
use crate::storage::disk::{FileTime, Traits};

impl Simulated {
    /// Adds a file, mode 0644, or replaces the one that is there.
    pub(crate) fn add_file(&self, path: impl AsRef<[u8]>, bytes: impl AsRef<[u8]>) {
        self.add(path.as_ref(), 0o644, Body::file(bytes.as_ref()));
    }

    /// Adds a directory, mode 0755.
    pub(crate) fn add_dir(&self, path: impl AsRef<[u8]>) {
        self.add(path.as_ref(), 0o755, Body::Directory(BTreeMap::new()));
    }

    /// Adds a symbolic link.
    pub(crate) fn add_link(&self, path: impl AsRef<[u8]>, target: impl AsRef<[u8]>) {
        let target = Label::from(target.as_ref());
        self.add(path.as_ref(), 0o777, Body::Link(target));
    }

    /// Adds a named pipe.
    pub(crate) fn add_fifo(&self, path: impl AsRef<[u8]>) {
        self.add(path.as_ref(), 0o644, Body::Fifo);
    }

    fn add(&self, path: &[u8], mode: u32, body: Body) {
        let mut state = self.state();
        let (dir, name) = state.place(path);
        let id = state.make(dir, mode, body);
        state.set_name(dir, name, Some(id));
        state.store.settle();
    }

    /// Gives a file a second name. Returns whether it exists.
    pub(crate) fn add_name(&self, path: impl AsRef<[u8]>, second: impl AsRef<[u8]>) -> bool {
        self.edit(path.as_ref(), |state, id| {
            let (dir, name) = state.place(second.as_ref());
            state.set_name(dir, name, Some(id));
        })
    }

    /// Sets the permission bits. Returns whether the path exists.
    pub(crate) fn give_mode(&self, path: impl AsRef<[u8]>, mode: u32) -> bool {
        self.edit(path.as_ref(), |state, id| {
            state.set_attributes(id, |attributes| attributes.mode = mode);
        })
    }

    /// Sets owner and group. Returns whether the path exists.
    pub(crate) fn give_owner(&self, path: impl AsRef<[u8]>, owner: u32, group: u32) -> bool {
        self.edit(path.as_ref(), |state, id| {
            state.set_attributes(id, |attributes| {
                attributes.owner = owner;
                attributes.group = group;
            });
        })
    }

    /// Sets the modification time. Returns whether the path exists.
    pub(crate) fn give_modified(&self, path: impl AsRef<[u8]>, modified: FileTime) -> bool {
        self.edit(path.as_ref(), |state, id| {
            state.set_attributes(id, |attributes| attributes.modified = modified);
        })
    }

    /// Sets an extended attribute. Returns whether the path exists.
    pub(crate) fn give_attribute(&self, path: impl AsRef<[u8]>, name: &str, value: &[u8]) -> bool {
        self.edit(path.as_ref(), |state, id| {
            state.set_attributes(id, |attributes| {
                let extended = Arc::make_mut(&mut attributes.extended);
                extended.insert(name.as_bytes().to_vec(), value.to_vec());
            });
        })
    }

    /// The value of an extended attribute.
    pub(crate) fn attribute(&self, path: impl AsRef<[u8]>, name: &str) -> Option<Vec<u8>> {
        let state = self.state();
        let inode = state.store.now.get(state.find(path.as_ref())?);
        inode.attributes.extended.get(name.as_bytes()).cloned()
    }

    /// Makes a file immutable, or no longer so. Returns whether the path exists.
    pub(crate) fn make_immutable(&self, path: impl AsRef<[u8]>, immutable: bool) -> bool {
        self.edit(path.as_ref(), |state, id| {
            state.store.set_immutable(id, immutable);
        })
    }

    fn edit(&self, path: &[u8], edit: impl FnOnce(&mut State, Id)) -> bool {
        let mut state = self.state();
        let found = state.find(path);
        if let Some(id) = found {
            edit(&mut state, id);
            state.store.settle();
        }
        found.is_some()
    }

    /// Puts a directory and all that is below it on another device, of the root's kind. The directory is made if there is none.
    pub(crate) fn mount(&self, path: impl AsRef<[u8]>, device: u64) {
        let (medium, traits) = {
            let state = self.state();
            let root = state.store.device(ROOT);
            (root.medium, root.traits)
        };
        self.mount_as(path, device, medium, traits);
    }

    /// Puts a directory and all that is below it on another device. The directory is made if there is none.
    pub(crate) fn mount_as(
        &self,
        path: impl AsRef<[u8]>,
        device: u64,
        medium: Medium,
        traits: Traits,
    ) {
        let path = path.as_ref();
        if self.node(path).is_none() {
            self.add_dir(path);
        }
        self.edit(path, |state, id| {
            state.store.settle();
            let kind = Device {
                medium,
                traits,
                failures: 0,
                errno: 0,
            };
            state.store.mount(id, device, kind);
        });
    }

    /// Closes a directory and all that is below it to renames and links from outside, as a project with a quota is. Returns whether the path exists.
    pub(crate) fn enclose(&self, path: impl AsRef<[u8]>) -> bool {
        self.edit(path.as_ref(), |state, id| state.store.enclose(id))
    }

    /// Makes file systems say that they can do this, whatever the truth is.
    pub(crate) fn claim(&self, claims: Traits) {
        self.state().claims = Some(claims);
    }

    /// Sets the user that the process acts as.
    pub(crate) fn act_as(&self, caller: u32) {
        self.state().caller = caller;
    }

    /// Makes listings say of every name that its kind is unknown.
    pub(crate) fn list_without_kinds(&self) {
        self.state().lists_kinds = false;
    }

    /// Makes an extended attribute impossible to set here.
    pub(crate) fn refuse_attribute(&self, name: &str) {
        self.state().refused.insert(name.as_bytes().to_vec());
    }
}

impl Simulated {
    /// A careful foreign writer: a new inode with durable content is renamed to `path`. The name is not durable yet.
    pub(crate) fn foreign_replace(&self, path: impl AsRef<[u8]>, bytes: impl AsRef<[u8]>) {
        let mut state = self.state();
        let (dir, name) = state.place(path.as_ref());
        let made = state.make(dir, 0o644, Body::file(bytes.as_ref()));
        state.set_name(dir, name, Some(made));
    }

    /// A careless foreign writer: the file at `path` is emptied and written anew, in place and unsynced. Returns whether there is one.
    pub(crate) fn foreign_write(&self, path: impl AsRef<[u8]>, bytes: impl AsRef<[u8]>) -> bool {
        let mut state = self.state();
        let file = state.find(path.as_ref());
        let file = file.filter(|id| state.store.now.get(*id).bytes().is_some());
        if let Some(id) = file {
            state.store.truncate(id, 0);
            state.store.write(id, 0, bytes.as_ref());
        }
        file.is_some()
    }

    pub(crate) fn foreign_write_to(&self, file: &File, bytes: impl AsRef<[u8]>) {
        let mut state = self.state();
        state.store.truncate(file.handle.id, 0);
        state.store.write(file.handle.id, 0, bytes.as_ref());
    }

    /// Somebody takes a name away. Returns whether it was there.
    pub(crate) fn foreign_remove(&self, path: impl AsRef<[u8]>) -> bool {
        let mut state = self.state();
        let found = state.find(path.as_ref()).is_some();
        if found {
            let (dir, name) = state.place(path.as_ref());
            state.set_name(dir, name, None);
        }
        found
    }

    /// The device of `path` fails to write everything that is not durable, unnoticed until somebody syncs.
    pub(crate) fn fail_device(&self, path: impl AsRef<[u8]>, errno: i32) {
        let mut state = self.state();
        let id = state.find(path.as_ref()).unwrap_or(ROOT);
        let device = state.store.now.get(id).device;
        state.store.spoil_device(device, errno);
    }
}
