//! Writes the list of the files in `profiles/`, so that a new file needs no code.

use std::path::Path;
use std::{env, fs, io};

fn main() -> io::Result<()> {
    println!("cargo::rerun-if-changed=profiles");
    let root = env::var("CARGO_MANIFEST_DIR").map_err(io::Error::other)?;
    let out = env::var("OUT_DIR").map_err(io::Error::other)?;
    let mut files = Vec::new();
    for entry in fs::read_dir(Path::new(&root).join("profiles"))? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "toml") {
            let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            files.push((name, path));
        }
    }
    files.sort();
    let rows = files.iter().map(|(name, path)| format!("({name:?}, include_str!({path:?})),\n"));
    let names = files.iter().map(|(name, _)| format!("{name:?},\n"));
    let code = format!(
        "const FILES: &[(&str, &str)] = &[\n{}];\nconst NAMES: &[&str] = &[\n{}];\n",
        rows.collect::<String>(),
        names.collect::<String>()
    );
    fs::write(Path::new(&out).join("files.rs"), code)
}
