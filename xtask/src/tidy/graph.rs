//! Which file of a crate imports which.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use anyhow::{Context, Result};
use syn::visit::{self, Visit};

use super::tree::{File, Tree};

/// The imports of one crate, as pairs of paths: the first file names something that the second one defines.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Graph(pub(super) BTreeSet<(String, String)>);

/// The path of a module from the root of its crate.
pub(super) type Module = Vec<String>;

/// The names that a file defines and the names that it imports.
#[derive(Debug, Default)]
pub(super) struct Names {
    defined: BTreeSet<String>,
    imported: BTreeMap<String, Module>,
    /// The modules of which it imports everything.
    globs: Vec<Module>,
    /// Every path that its code names, from the root of the crate.
    named: BTreeSet<Module>,
}

impl Graph {
    /// Reads the files below `source`, such as `crates/auth-layer/src/`. Test code is left out, and so are paths inside
    /// of macros, which do not parse by themselves.
    pub(super) fn of(tree: &Tree, source: &str) -> Result<Self> {
        let modules = modules(tree, source);
        let names = names(&parsed(&modules)?);
        let mut graph = Self::default();
        for (module, own) in &names {
            for (path, _) in own.named.iter().filter_map(|path| home(path, &names)) {
                if path != *module {
                    graph.0.insert((modules[module].path.clone(), modules[&path].path.clone()));
                }
            }
        }
        Ok(graph)
    }
}

/// Returns the files of a crate, each under its module.
pub(super) fn modules<'a>(tree: &'a Tree, source: &str) -> HashMap<Module, &'a File> {
    let files: Vec<&File> = tree.with_ending(".rs").filter(|file| file.path.starts_with(source)).collect();
    let has_library = files.iter().any(|file| file.path == format!("{source}lib.rs"));
    let with_module = |file: &'a File| Some((module(&file.path[source.len()..], has_library)?, file));
    files.into_iter().filter_map(with_module).collect()
}

/// Parses the file of each module.
pub(super) fn parsed(modules: &HashMap<Module, &File>) -> Result<HashMap<Module, syn::File>> {
    modules.iter().map(|(module, file)| Ok((module.clone(), parse(file)?))).collect()
}

/// Returns the names of each module.
pub(super) fn names(parsed: &HashMap<Module, syn::File>) -> HashMap<Module, Names> {
    let known: BTreeSet<Module> = parsed.keys().cloned().collect();
    let mut names = HashMap::new();
    for (module, file) in parsed {
        let mut reader = Reader { known: &known, module, depth: 0, names: Names::default() };
        reader.visit_file(file);
        names.insert(module.clone(), reader.names);
    }
    names
}

/// Parses a file. The items inside of `pin_project!` are read as if they stood outside.
fn parse(file: &File) -> Result<syn::File> {
    let mut parsed = syn::parse_file(&file.text).with_context(|| format!("{} is not Rust", file.path))?;
    let inside = |item: syn::Item| match item {
        syn::Item::Macro(item) if item.mac.path.is_ident("pin_project") => {
            let inner: syn::Result<syn::File> = item.mac.parse_body();
            inner.map_or_else(|_| vec![syn::Item::Macro(item)], |inner| inner.items)
        }
        item => vec![item],
    };
    parsed.items = parsed.items.into_iter().flat_map(inside).collect();
    Ok(parsed)
}

/// Returns the module of the file that defines what `path` names, and its name there. Re-exports lead to the file they
/// came from.
pub(super) fn home(path: &[String], names: &HashMap<Module, Names>) -> Option<(Module, String)> {
    follow(path, names, 0)
}

fn follow(path: &[String], names: &HashMap<Module, Names>, depth: usize) -> Option<(Module, String)> {
    // A glob may import itself through another one.
    if depth > 8 {
        return None;
    }
    let length = (0..=path.len()).rev().find(|length| names.contains_key(&path[..*length]))?;
    let (module, rest) = path.split_at(length);
    let name = rest.first()?;
    let own = &names[module];
    if own.defined.contains(name) {
        return Some((module.to_vec(), name.clone()));
    }
    let next = own.imported.get(name).into_iter().cloned();
    let from_globs = own.globs.iter().map(|glob| [glob.as_slice(), std::slice::from_ref(name)].concat());
    next.map(|target| [&target, &rest[1..]].concat())
        .chain(from_globs)
        .find_map(|path| follow(&path, names, depth + 1))
}

/// Returns the module that the file at `path` holds: `a/b.rs` and `a/b/mod.rs` hold `a::b`.
fn module(path: &str, has_library: bool) -> Option<Module> {
    let path = path.strip_suffix(".rs")?;
    let mut parts: Module = path.split('/').map(str::to_owned).collect();
    match parts.last()?.as_str() {
        "lib" if parts.len() == 1 => parts.clear(),
        // Beside a library, the program is a crate of its own.
        "main" if parts.len() == 1 && has_library => return None,
        "main" if parts.len() == 1 => parts.clear(),
        "mod" => drop(parts.pop()),
        _ => {}
    }
    // Each of these programs is a crate of its own, too.
    (parts.first().is_none_or(|first| first != "bin")).then_some(parts)
}

struct Reader<'a> {
    known: &'a BTreeSet<Module>,
    module: &'a Module,
    /// How many modules that have no file of their own the reader is in.
    depth: usize,
    names: Names,
}

impl Reader<'_> {
    /// Returns the path from the root of the crate, if it leads into the crate.
    fn absolute(&self, path: &[String]) -> Option<Module> {
        let (first, rest) = path.split_first()?;
        let mut base = self.module.clone();
        match first.as_str() {
            "crate" => base.clear(),
            "self" => {}
            "super" => {
                let mut rest = path;
                let mut inline = self.depth;
                while rest.first().is_some_and(|part| part == "super") {
                    if inline > 0 {
                        inline -= 1;
                    } else {
                        base.pop()?;
                    }
                    rest = &rest[1..];
                }
                return Some([&base, rest].concat());
            }
            name => {
                if let Some(target) = self.names.imported.get(name) {
                    return Some([target, rest].concat());
                }
                base.push(name.to_owned());
                // The name of a child module, or else a name of another crate.
                self.known.contains(&base).then_some(())?;
                return Some([&base, rest].concat());
            }
        }
        Some([&base, rest].concat())
    }

    fn import(&mut self, prefix: &[String], tree: &syn::UseTree) {
        let with = |name: String| [prefix, &[name]].concat();
        match tree {
            syn::UseTree::Path(path) => self.import(&with(path.ident.to_string()), &path.tree),
            syn::UseTree::Group(group) => group.items.iter().for_each(|tree| self.import(prefix, tree)),
            syn::UseTree::Name(name) if name.ident == "self" => {
                self.bind(prefix.last().cloned(), prefix);
            }
            syn::UseTree::Name(name) => {
                self.bind(Some(name.ident.to_string()), &with(name.ident.to_string()));
            }
            syn::UseTree::Rename(rename) => {
                self.bind(Some(rename.rename.to_string()), &with(rename.ident.to_string()));
            }
            syn::UseTree::Glob(_) => self.names.globs.extend(self.absolute(prefix)),
        }
    }

    fn bind(&mut self, name: Option<String>, path: &[String]) {
        if let (Some(name), Some(path)) = (name, self.absolute(path)) {
            self.names.named.insert(path.clone());
            self.names.imported.insert(name, path);
        }
    }

    fn define(&mut self, name: &syn::Ident) {
        if self.depth == 0 {
            self.names.defined.insert(name.to_string());
        }
    }
}

impl<'ast> Visit<'ast> for Reader<'_> {
    fn visit_file(&mut self, file: &'ast syn::File) {
        // Imports first: a path in the code may begin with a name that is imported below it.
        for item in &file.items {
            if let syn::Item::Use(item) = item
                && !is_test(&item.attrs)
            {
                // `pub use child::Name` passes a name on. That alone is not a use of it.
                let named = self.names.named.clone();
                self.import(&[], &item.tree);
                if !matches!(item.vis, syn::Visibility::Inherited) {
                    self.names.named = named;
                }
            }
        }
        for item in file.items.iter().filter(|item| !matches!(item, syn::Item::Use(_))) {
            self.visit_item(item);
        }
    }

    fn visit_item(&mut self, item: &'ast syn::Item) {
        let (attributes, name) = match item {
            syn::Item::Const(item) => (&item.attrs, Some(&item.ident)),
            syn::Item::Enum(item) => (&item.attrs, Some(&item.ident)),
            syn::Item::Fn(item) => (&item.attrs, Some(&item.sig.ident)),
            syn::Item::Macro(item) => (&item.attrs, item.ident.as_ref()),
            syn::Item::Static(item) => (&item.attrs, Some(&item.ident)),
            syn::Item::Struct(item) => (&item.attrs, Some(&item.ident)),
            syn::Item::Trait(item) => (&item.attrs, Some(&item.ident)),
            syn::Item::Type(item) => (&item.attrs, Some(&item.ident)),
            syn::Item::Union(item) => (&item.attrs, Some(&item.ident)),
            syn::Item::Mod(item) => (&item.attrs, item.content.as_ref().map(|_| &item.ident)),
            syn::Item::Impl(item) => (&item.attrs, None),
            // It is inside of a function or a module, since those of the file were read before.
            syn::Item::Use(item) => return self.import(&[], &item.tree),
            _ => return visit::visit_item(self, item),
        };
        if is_test(attributes) {
            return;
        }
        if let Some(name) = name {
            self.define(name);
        }
        let inline = matches!(item, syn::Item::Mod(item) if item.content.is_some());
        self.depth += usize::from(inline);
        visit::visit_item(self, item);
        self.depth -= usize::from(inline);
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        let parts: Module = path.segments.iter().map(|segment| segment.ident.to_string()).collect();
        self.names.named.extend(self.absolute(&parts));
        visit::visit_path(self, path);
    }
}

fn is_test(attributes: &[syn::Attribute]) -> bool {
    attributes.iter().any(|attribute| match &attribute.meta {
        syn::Meta::List(list) if list.path.is_ident("cfg") => {
            list.tokens.to_string().replace(' ', "").split(['(', ',', ')']).any(|part| part == "test")
        }
        _ => false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn edges(files: &[(&str, &str)]) -> Vec<(String, String)> {
        let graph = Graph::of(&Tree::of(files), "src/").unwrap();
        let name = |path: String| path.strip_prefix("src/").unwrap().to_owned();
        graph.0.into_iter().map(|(from, to)| (name(from), name(to))).collect()
    }

    fn pairs(wanted: &[(&str, &str)]) -> Vec<(String, String)> {
        wanted.iter().map(|(from, to)| ((*from).to_owned(), (*to).to_owned())).collect()
    }

    #[test]
    fn a_reexport_leads_to_the_file_that_defines_the_name() {
        let files = [
            ("src/lib.rs", "mod a; mod b;"),
            ("src/a/mod.rs", "mod deep; pub(crate) use deep::Thing;"),
            ("src/a/deep.rs", "pub(crate) struct Thing;"),
            ("src/b.rs", "use crate::a::Thing; fn f(_: Thing) {}"),
        ];
        assert_eq!(edges(&files), pairs(&[("b.rs", "a/deep.rs")]));
    }

    #[test]
    fn paths_in_code_modules_and_globs_are_followed() {
        let files = [
            ("src/lib.rs", "mod a; mod b; mod c; mod d;"),
            ("src/a.rs", "pub fn one() {} pub fn two() {}"),
            ("src/b.rs", "use crate::a; fn f() { a::one() }"),
            ("src/c.rs", "fn f() { super::a::two() }"),
            ("src/d.rs", "use super::a::*; mod inner { fn f() { super::super::b::f() } }"),
        ];
        assert_eq!(edges(&files), pairs(&[("b.rs", "a.rs"), ("c.rs", "a.rs"), ("d.rs", "b.rs")]));
    }

    #[test]
    fn test_code_and_other_crates_are_left_out() {
        let files = [
            ("src/lib.rs", "mod a; mod b;"),
            ("src/a.rs", "use std::fmt::Debug; #[cfg(test)] mod tests { use crate::b::B; fn f(_: B) {} }"),
            ("src/b.rs", "pub struct B; fn f(_: other::Thing) {}"),
        ];
        assert_eq!(edges(&files), pairs(&[]));
    }
}
