//! The source files with the paths that they name.
//!
//! Understands as much of Rust as that takes: comments, literals, `mod`, `use`, and paths that begin at `crate`, `super` or the library's name. Names that come through `pub use` are followed to the file that defines them.
//!
//! Invariant: a file, or a part of one, counts as test code if only `#[cfg(test)]` leads to it.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use super::items::{beginnings, flatten, items, paths, split_use, type_name, without_literals};

/// The two kinds of code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Code {
    Production,
    Test,
}

/// A path in one file that names something in another.
#[derive(Debug, Clone)]
pub(crate) struct Reference {
    pub(crate) from: String,
    pub(crate) to: String,
    /// The path as it is written.
    pub(crate) path: String,
}

/// A path in a file, and the module in which it stands.
#[derive(Debug)]
struct Named {
    code: Code,
    module: Vec<String>,
    path: Vec<String>,
}

/// The files below `src`, by their paths there.
pub(crate) struct Sources {
    /// Module to file.
    files: BTreeMap<Vec<String>, String>,
    /// File to the paths that it names.
    named: BTreeMap<String, Vec<Named>>,
    /// The names that a module passes on, and the paths behind them.
    passed_on: BTreeMap<(Vec<String>, String), Vec<String>>,
    /// File with production code to the names at which its paths begin.
    begins: BTreeMap<String, BTreeSet<String>>,
    /// The names of types and traits of production code, and the files that define them.
    pub(crate) types: BTreeMap<String, BTreeSet<String>>,
    /// The names of the traits among them.
    pub(crate) traits: BTreeSet<String>,
}

/// The room of a file.
pub(crate) fn room(file: &str) -> &str {
    let first = file.split('/').next().unwrap();
    match first.trim_end_matches(".rs") {
        "main" => "cli",
        room => room,
    }
}

/// A module that is read, and where its files stand.
#[derive(Clone, Copy)]
struct ModulePlace<'m> {
    file: &'m str,
    /// The folder of the files of its children.
    folder: &'m str,
    module: &'m [String],
    code: Code,
}

impl Sources {
    pub(crate) fn read() -> Self {
        let mut sources = Self {
            files: BTreeMap::new(),
            named: BTreeMap::new(),
            passed_on: BTreeMap::new(),
            begins: BTreeMap::new(),
            types: BTreeMap::new(),
            traits: BTreeSet::new(),
        };
        for root in ["lib.rs", "main.rs"] {
            sources.read_file(root, &[], Code::Production);
        }
        sources.files.remove(&Vec::new());
        sources.named.retain(|file, _| file != "lib.rs");
        sources
    }

    /// The files with production code.
    pub(crate) fn production(&self) -> BTreeSet<String> {
        self.begins.keys().cloned().collect()
    }

    /// The files whose production code has paths that begin at a name.
    pub(crate) fn that_name(&self, name: &str) -> BTreeSet<&str> {
        let files = self.begins.iter();
        let naming = files.filter(|(_, names)| names.contains(name));
        naming.map(|(file, _)| file.as_str()).collect()
    }

    /// Reads the file of a module, and those of its children.
    fn read_file(&mut self, file: &str, module: &[String], code: Code) {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("src").join(file);
        let text = without_literals(&fs::read_to_string(&path).unwrap());
        self.files.insert(module.to_vec(), file.to_owned());
        if code == Code::Production {
            self.begins.entry(file.to_owned()).or_default();
        }
        let folder = match file.rsplit_once('/') {
            _ if module.is_empty() => String::new(),
            Some((folder, "mod.rs")) => format!("{folder}/"),
            _ => format!("{}/", file.trim_end_matches(".rs")),
        };
        let at = ModulePlace {
            file,
            folder: &folder,
            module,
            code,
        };
        self.read_items(&text, at);
    }

    /// Reads the items of a module.
    fn read_items(&mut self, text: &str, at: ModulePlace<'_>) {
        for item in items(text) {
            let code = if item.is_test { Code::Test } else { at.code };
            let at = ModulePlace { code, ..at };
            let words: Vec<&str> = item.text.split_whitespace().collect();
            let declares = words.iter().position(|word| *word == "mod");
            let name = declares.and_then(|place| words.get(place + 1));
            let is_module = declares.is_some_and(|place| {
                let before = &words[..place];
                before
                    .iter()
                    .all(|word| word.starts_with("pub") || word.ends_with(')'))
            });
            match name.filter(|_| is_module) {
                Some(name) if name.ends_with(';') => {
                    let name = name.trim_end_matches(';').trim_start_matches("r#");
                    self.read_child(name, item.path, at);
                }
                Some(name) => {
                    let mut inner = at.module.to_vec();
                    inner.push((*name).to_owned());
                    let (start, end) = (item.text.find('{'), item.text.rfind('}'));
                    let body = &item.text[start.unwrap() + 1..end.unwrap()];
                    let module = &inner;
                    self.read_items(body, ModulePlace { module, ..at });
                }
                None => self.read_item(item.text, at),
            }
        }
    }

    fn read_child(&mut self, name: &str, path: Option<&str>, at: ModulePlace<'_>) {
        let ModulePlace {
            file,
            folder,
            module,
            code,
        } = at;
        let mut child = module.to_vec();
        child.push(name.to_owned());
        let beside = file.rfind('/').map_or("", |end| &file[..=end]);
        let candidates = match path {
            Some(path) => vec![format!("{beside}{path}")],
            None => vec![
                format!("{folder}{name}.rs"),
                format!("{folder}{name}/mod.rs"),
            ],
        };
        let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
        let found = candidates.into_iter().find(|path| src.join(path).exists());
        self.read_file(
            &found.unwrap_or_else(|| panic!("{file}: {name}")),
            &child,
            code,
        );
    }

    /// Notes the paths of an item, and the names that it passes on.
    fn read_item(&mut self, text: &str, at: ModulePlace<'_>) {
        let ModulePlace {
            file, module, code, ..
        } = at;
        if code == Code::Production {
            let begins = self.begins.entry(file.to_owned()).or_default();
            begins.extend(beginnings(text));
            if let Some((kind, name)) = type_name(text) {
                if kind == "trait" {
                    self.traits.insert(name.clone());
                }
                let files = self.types.entry(name).or_default();
                files.insert(file.to_owned());
            }
        }
        let mut add = |path: Vec<String>| {
            let named = self.named.entry(file.to_owned()).or_default();
            let module = module.to_vec();
            named.push(Named { code, module, path });
        };
        let Some((visibility, tree)) = split_use(text) else {
            paths(text).into_iter().for_each(&mut add);
            return;
        };
        for (path, name) in flatten(tree) {
            if !visibility.is_empty() {
                let key = (module.to_vec(), name);
                self.passed_on.insert(key, path.clone());
            } else if matches!(&*path[0], "crate" | "super" | "self" | "migrate_manifests") {
                add(path);
            }
        }
    }

    /// The paths that lead from one file to another.
    pub(crate) fn references(&self, code: Code) -> Vec<Reference> {
        let mut all = Vec::new();
        for (from, paths) in &self.named {
            for named in paths.iter().filter(|named| named.code == code) {
                let start = absolute(&named.module, &named.path);
                if let Some(to) = self.resolve(&start, 0).filter(|to| to != from) {
                    let (from, path) = (from.clone(), named.path.join("::"));
                    all.push(Reference { from, to, path });
                }
            }
        }
        all
    }

    /// The file that defines what an absolute path names.
    fn resolve(&self, path: &[String], depth: usize) -> Option<String> {
        for length in (1..=path.len()).rev() {
            let (module, rest) = path.split_at(length);
            let Some(file) = self.files.get(module) else {
                continue;
            };
            let passed_on = rest
                .first()
                .and_then(|name| self.passed_on.get(&(module.to_vec(), name.clone())));
            return match passed_on {
                Some(behind) if depth < 8 => self.resolve(&absolute(module, behind), depth + 1),
                _ => Some(file.clone()),
            };
        }
        None
    }

    /// Returns true if a path goes to a parent, and from there to a name that is no module.
    pub(crate) fn names_parent(&self, reference: &Reference) -> bool {
        let names: Vec<&str> = reference.path.split("::").collect();
        if names[0] != "super" {
            return false;
        }
        let modules = self.files.iter();
        let mut modules = modules.filter(|(_, file)| **file == reference.from);
        modules.any(|(module, _)| {
            let path: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
            let supers = path.iter().take_while(|name| *name == "super").count();
            let start = absolute(module, &path);
            let first = module.len().saturating_sub(supers) + 1;
            !self.files.contains_key(&start[..first.min(start.len())])
        })
    }
}

/// The paths of a text in production code and in test code, sorted.
pub(crate) fn paths_of(text: &str) -> (Vec<String>, Vec<String>) {
    let (mut production, mut tests) = (Vec::new(), Vec::new());
    for item in items(&without_literals(text)) {
        let found = match split_use(item.text) {
            Some((_, tree)) => flatten(tree).into_iter().map(|(path, _)| path).collect(),
            None => paths(item.text),
        };
        let into = if item.is_test {
            &mut tests
        } else {
            &mut production
        };
        into.extend(found.iter().map(|path| path.join("::")));
    }
    production.sort();
    tests.sort();
    (production, tests)
}

/// A path seen from the root of the library.
fn absolute(module: &[String], path: &[String]) -> Vec<String> {
    let mut base = module.to_vec();
    let mut names = path.iter().peekable();
    match path[0].as_str() {
        "crate" | "migrate_manifests" => {
            base.clear();
            names.next();
        }
        "self" => drop(names.next()),
        _ => {
            while names.next_if(|name| *name == "super").is_some() {
                base.pop();
            }
        }
    }
    base.extend(names.cloned());
    base
}
