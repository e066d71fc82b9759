//! Commands in a row, to be given to several programs.

/// Changes in order; each begins where the one before has ended.
const CHANGES: &[&[&str]] = &[
    &["copy", "stock", "REMOTE:t"],
    &["copy", "stock", "REMOTE:t"],
    &["copy", "stock/ten.txt", "REMOTE:t/into"],
    &["copyto", "stock/ten.txt", "REMOTE:t/new/other.txt"],
    &["copyto", "REMOTE:t/ten.txt", "REMOTE:t/server/copy.txt"],
    &["copyto", "REMOTE:t/ten.txt", "REMOTE:t/dir/one.txt"],
    &["copyto", "REMOTE:t/dir", "REMOTE:t/dir2"],
    &["copy", "REMOTE:t/dir", "REMOTE:u/dir"],
    &["moveto", "REMOTE:t/empty.bin", "REMOTE:t/renamed.bin"],
    &["moveto", "REMOTE:t/renamed.bin", "REMOTE:t/RENAMED.bin"],
    &["moveto", "REMOTE:t/dir2", "REMOTE:t/moved/deeper"],
    &["moveto", "REMOTE:t/into/ten.txt", "REMOTE:t/new/other.txt"],
    &["mkdir", "REMOTE:t/x/y/z"],
    &["mkdir", "REMOTE:t/x/y"],
    &["rmdir", "REMOTE:t/x/y/z"],
    &["deletefile", "REMOTE:t/server/copy.txt"],
    &["purge", "REMOTE:t/dir"],
    &["purge", "REMOTE:u"],
];

/// The changes for a remote, which begin with the local folder `stock` and an empty account.
pub fn changes(remote: &str) -> impl Iterator<Item = Vec<String>> {
    let place = move |word: &&str| match word.strip_prefix("REMOTE:") {
        Some(path) => format!("{remote}:{path}"),
        None => (*word).to_owned(),
    };
    CHANGES
        .iter()
        .map(move |change| change.iter().map(place).collect())
}
