//! Writing files whole or not at all.

use std::io::Write;
use std::path::Path;

use anyhow::{Context, Result};

/// A file is either the old one or the new one: written beside it, then renamed.
///
/// # Errors
/// If the folder takes no file, or the disk is full.
pub fn write(path: &Path, text: &str) -> Result<()> {
    let name = path.display();
    // a device or a pipe cannot be replaced
    if path.metadata().is_ok_and(|m| !m.is_file() && !m.is_dir()) {
        return std::fs::write(path, text).with_context(|| format!("cannot write to {name}"));
    }
    let folder = match path.parent() {
        Some(p) if !p.as_os_str().is_empty() => p,
        _ => Path::new("."),
    };
    let mut new = tempfile::Builder::new()
        .prefix(".dbaudit-")
        .permissions_like_umask()
        .tempfile_in(folder)
        .with_context(|| format!("cannot write {name}: the folder {} takes no new file", folder.display()))?;
    new.write_all(text.as_bytes())
        .and_then(|()| new.as_file().sync_all())
        .with_context(|| format!("cannot write {name}"))?;
    new.persist(path).map_err(|e| e.error).with_context(|| format!("cannot write {name}"))?;
    Ok(())
}

/// Temporary files are private by default; what is written is as readable as any file that the user makes.
pub trait Permissions {
    /// Permissions as the umask has them.
    fn permissions_like_umask(&mut self) -> &mut Self;
}

impl Permissions for tempfile::Builder<'_, '_> {
    #[cfg(unix)]
    fn permissions_like_umask(&mut self) -> &mut Self {
        use std::os::unix::fs::PermissionsExt;
        self.permissions(std::fs::Permissions::from_mode(0o666))
    }
    #[cfg(not(unix))]
    fn permissions_like_umask(&mut self) -> &mut Self {
        self
    }
}
