//! Whether a local folder tells names apart that differ in case only.

use std::{io, path::Path};

use remote_core::capabilities::CaseRule;

/// What systems do unless a disk, a share or a folder does otherwise.
const USUAL: CaseRule = if cfg!(any(windows, target_os = "macos")) {
    CaseRule::Insensitive
} else {
    CaseRule::Sensitive
};

/// Finds out by a file that is made for it and removed again, in the folder or, where that is missing, above it: a disk for cameras under Linux, or a share, takes
/// `a` for `A`, and a disk for developers under macOS does not. Where no file can be made, the folder is taken for what is usual. Blocks.
pub(crate) fn rule_of(folder: &Path) -> CaseRule {
    try_names(folder).unwrap_or(USUAL)
}

fn try_names(folder: &Path) -> io::Result<CaseRule> {
    let absolute = std::path::absolute(folder)?;
    let Some(there) = absolute.ancestors().find(|dir| dir.is_dir()) else {
        return Err(io::ErrorKind::NotFound.into());
    };
    let lower = tempfile::Builder::new()
        .prefix(".remote-transfer-")
        .suffix(".partial")
        .tempfile_in(there)?;
    let upper = lower.path().file_name().unwrap_or_default();
    told_by(there.join(upper.to_ascii_uppercase()).symlink_metadata())
}

/// What it means how the look ended for the file in another spelling.
fn told_by<T>(other_spelling: io::Result<T>) -> io::Result<CaseRule> {
    match other_spelling {
        Ok(_) => Ok(CaseRule::Insensitive),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(CaseRule::Sensitive),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn the_folder_is_asked_or_the_one_above_it_and_nothing_stays() {
        let dir = tempfile::tempdir().unwrap();
        let told = rule_of(dir.path());
        assert_eq!(rule_of(&dir.path().join("not/there/yet")), told);
        // On the machines of this project the usual rule holds.
        assert_eq!(told, USUAL);
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
    }

    #[test]
    fn a_file_that_is_found_in_another_spelling_tells() {
        assert_eq!(told_by(Ok(())).unwrap(), CaseRule::Insensitive);
        let missing = io::ErrorKind::NotFound;
        assert_eq!(
            told_by::<()>(Err(missing.into())).unwrap(),
            CaseRule::Sensitive
        );
        let unclear = io::ErrorKind::PermissionDenied;
        assert!(told_by::<()>(Err(unclear.into())).is_err());
    }
}
