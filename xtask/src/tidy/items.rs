//! The public items of a crate, from its syntax trees.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt::Write as _;

use anyhow::Result;
use syn::{Attribute, ImplItem, Item, TraitItem, UseTree, Visibility};

use super::graph::{self, Module, Names};
use super::tree::Tree;

/// The module and the name of a definition.
type Home = (Module, String);

/// The public items of one crate.
#[derive(Debug, Default)]
pub(super) struct Items {
    /// The public paths of each definition, each with the features it needs.
    paths: BTreeMap<Home, BTreeSet<(usize, String, String)>>,
    /// The public modules.
    modules: BTreeSet<(String, String)>,
    definitions: HashMap<Home, Definition>,
    members: HashMap<Home, BTreeSet<String>>,
}

#[derive(Debug)]
struct Definition {
    kind: &'static str,
    features: String,
}

impl Items {
    /// Reads the crate `name`, whose source is below `source`. Items that a macro defines are left out, except for
    /// those in `pin_project!`.
    pub(super) fn of(tree: &Tree, name: &str, source: &str) -> Result<Self> {
        let parsed = graph::parsed(&graph::modules(tree, source))?;
        let names = graph::names(&parsed);
        let mut items = Self::default();
        for (module, file) in &parsed {
            file.items.iter().for_each(|item| items.define(module, item, &names));
        }
        items.walk(&Vec::new(), name, "", &parsed, &names);
        Ok(items)
    }

    /// Renders the counts and the list: each definition once, with its members, and its other paths as `use`.
    pub(super) fn render(&self, name: &str) -> String {
        let mut lines = Vec::new();
        let mut members = 0;
        for (home, paths) in &self.paths {
            let Some((_, first, features)) = paths.first() else { continue };
            let definition = self.definitions.get(home);
            let kind = definition.map_or("use", |definition| definition.kind);
            let own = definition.map_or("", |definition| definition.features.as_str());
            let features = if features.contains(own) { features.clone() } else { format!("{features}{own}") };
            lines.push(format!("{first} {kind}{features}"));
            let own: Vec<_> = self.members.get(home).into_iter().flatten().collect();
            members += own.len();
            lines.extend(own.into_iter().map(|member| format!("{first}::{member}")));
            lines.extend(paths.iter().skip(1).map(|(_, path, _)| format!("{path} use {first}")));
        }
        lines.extend(self.modules.iter().map(|(path, features)| format!("{path} mod{features}")));
        lines.sort();
        let depth = name.split("::").count() + 1;
        let root = self.paths.values().flatten().filter(|(length, ..)| *length == depth).count();
        let modules = self.modules.len();
        let items = self.paths.len();
        let mut text = String::new();
        let _ = writeln!(
            text,
            "{name}: {root} names at the root, {modules} modules, {items} items, {members} members\n"
        );
        for line in lines {
            let _ = writeln!(text, "{line}");
        }
        text
    }

    /// Records a definition of a file, or the methods of an `impl` block.
    fn define(&mut self, module: &Module, item: &Item, names: &HashMap<Module, Names>) {
        let mut members = BTreeSet::new();
        let mut public = |kind: &str, name: &syn::Ident, vis: &Visibility, attributes: &[Attribute]| {
            if matches!(vis, Visibility::Public(_)) && !is_hidden(attributes) {
                members.insert(format!("{name} {kind}{}", features(attributes)));
            }
        };
        let shown = Visibility::Public(Default::default());
        let (kind, name, attributes) = match item {
            Item::Const(item) => ("const", &item.ident, &item.attrs),
            Item::Static(item) => ("static", &item.ident, &item.attrs),
            Item::Fn(item) => ("fn", &item.sig.ident, &item.attrs),
            Item::Type(item) => ("type", &item.ident, &item.attrs),
            Item::Struct(item) => {
                for field in &item.fields {
                    if let Some(name) = &field.ident {
                        public("field", name, &field.vis, &field.attrs);
                    }
                }
                ("struct", &item.ident, &item.attrs)
            }
            Item::Enum(item) => {
                item.variants
                    .iter()
                    .for_each(|variant| public("variant", &variant.ident, &shown, &variant.attrs));
                ("enum", &item.ident, &item.attrs)
            }
            Item::Trait(item) => {
                for item in &item.items {
                    match item {
                        TraitItem::Fn(item) => public("method", &item.sig.ident, &shown, &item.attrs),
                        TraitItem::Type(item) => public("type", &item.ident, &shown, &item.attrs),
                        TraitItem::Const(item) => public("const", &item.ident, &shown, &item.attrs),
                        _ => {}
                    }
                }
                ("trait", &item.ident, &item.attrs)
            }
            Item::Impl(block) if block.trait_.is_none() => {
                let syn::Type::Path(path) = &*block.self_ty else { return };
                let own = path.path.segments.iter().map(|segment| segment.ident.to_string());
                let path: Module = module.iter().cloned().chain(own).collect();
                let Some(home) = graph::home(&path, names) else { return };
                for item in &block.items {
                    match item {
                        ImplItem::Fn(item) => public("method", &item.sig.ident, &item.vis, &item.attrs),
                        ImplItem::Const(item) => public("const", &item.ident, &item.vis, &item.attrs),
                        _ => {}
                    }
                }
                let block = features(&block.attrs);
                let with_block =
                    |member: String| if member.contains(&block) { member } else { member + &block };
                self.members.entry(home).or_default().extend(members.into_iter().map(with_block));
                return;
            }
            _ => return,
        };
        let home = (module.clone(), name.to_string());
        self.members.entry(home.clone()).or_default().extend(members);
        self.definitions.insert(home, Definition { kind, features: features(attributes) });
    }

    /// Records what the module at `path` shows.
    fn walk(
        &mut self,
        module: &Module,
        path: &str,
        needed: &str,
        parsed: &HashMap<Module, syn::File>,
        names: &HashMap<Module, Names>,
    ) {
        for item in parsed.get(module).into_iter().flat_map(|file| &file.items) {
            let (vis, attributes, shown) = match item {
                Item::Const(item) => (&item.vis, &item.attrs, item.ident.to_string()),
                Item::Static(item) => (&item.vis, &item.attrs, item.ident.to_string()),
                Item::Fn(item) => (&item.vis, &item.attrs, item.sig.ident.to_string()),
                Item::Type(item) => (&item.vis, &item.attrs, item.ident.to_string()),
                Item::Struct(item) => (&item.vis, &item.attrs, item.ident.to_string()),
                Item::Enum(item) => (&item.vis, &item.attrs, item.ident.to_string()),
                Item::Trait(item) => (&item.vis, &item.attrs, item.ident.to_string()),
                Item::Mod(item) => (&item.vis, &item.attrs, item.ident.to_string()),
                Item::Use(item) => (&item.vis, &item.attrs, String::new()),
                _ => continue,
            };
            if !matches!(vis, Visibility::Public(_)) || is_hidden(attributes) {
                continue;
            }
            let own = features(attributes);
            let needed = if needed.contains(&own) { needed.to_owned() } else { format!("{needed}{own}") };
            match item {
                Item::Mod(_) => {
                    let path = format!("{path}::{shown}");
                    let module: Module = module.iter().cloned().chain([shown]).collect();
                    self.modules.insert((path.clone(), needed.clone()));
                    self.walk(&module, &path, &needed, parsed, names);
                }
                Item::Use(item) => {
                    for name in bound(&item.tree) {
                        self.show(module, path, &name, &needed, names);
                    }
                }
                _ => self.show(module, path, &shown, &needed, names),
            }
        }
    }

    fn show(
        &mut self,
        module: &Module,
        path: &str,
        name: &str,
        needed: &str,
        names: &HashMap<Module, Names>,
    ) {
        let own: Module = module.iter().cloned().chain([name.to_owned()]).collect();
        let path = format!("{path}::{name}");
        // A name of another crate has its home there.
        let home = graph::home(&own, names).unwrap_or((own, String::new()));
        let shown = (path.split("::").count(), path, needed.to_owned());
        self.paths.entry(home).or_default().insert(shown);
    }
}

/// Returns the names that an import binds.
fn bound(tree: &UseTree) -> Vec<String> {
    match tree {
        UseTree::Path(path) => bound(&path.tree),
        UseTree::Name(name) => vec![name.ident.to_string()],
        UseTree::Rename(rename) => vec![rename.rename.to_string()],
        UseTree::Glob(_) => vec!["*".to_owned()],
        UseTree::Group(group) => group.items.iter().flat_map(bound).collect(),
    }
}

fn is_hidden(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| match &attribute.meta {
        syn::Meta::List(list) if list.path.is_ident("doc") => list.tokens.to_string() == "hidden",
        syn::Meta::List(list) if list.path.is_ident("cfg") => list.tokens.to_string() == "test",
        _ => false,
    })
}

/// Returns the conditions of an item, as ` (feature = "x")`.
fn features(attributes: &[Attribute]) -> String {
    let mut text = String::new();
    for attribute in attributes {
        if let syn::Meta::List(list) = &attribute.meta
            && list.path.is_ident("cfg")
        {
            let _ = write!(text, " ({})", list.tokens);
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_definition_is_listed_once_with_its_members_and_other_paths() {
        let tree = Tree::of(&[
            (
                "src/lib.rs",
                "pub mod a; mod b; pub use a::Thing; #[cfg(feature = \"x\")] pub use b::{Hidden, build};
                 #[doc(hidden)] pub use b::model; pub(crate) use b::Own;",
            ),
            (
                "src/a.rs",
                "pin_project! { pub struct Thing { #[pin] pub open: u8, closed: u8 } } pub(crate) struct Own;
                 impl Thing { pub fn new() {} fn own() {} }",
            ),
            (
                "src/b.rs",
                "use crate::a::Thing; pub enum Hidden { One } pub fn build() {} pub fn model() {} pub struct Own;
                 impl Thing { #[cfg(feature = \"y\")] pub fn other() {} } pub trait Unseen { fn f(); }",
            ),
        ]);
        let items = Items::of(&tree, "it", "src/").unwrap();
        let wanted = "\
it: 3 names at the root, 1 modules, 3 items, 4 members

it::Hidden enum (feature = \"x\")
it::Hidden::One variant
it::Thing struct
it::Thing::new method
it::Thing::open field
it::Thing::other method (feature = \"y\")
it::a mod
it::a::Thing use it::Thing
it::build fn (feature = \"x\")
";
        assert_eq!(items.render("it"), wanted);
    }
}
