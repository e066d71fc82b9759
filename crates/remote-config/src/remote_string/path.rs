//! Cutting and joining remote paths.

use super::{RemoteParts, RemoteStringError};

/// Cuts a remote path into the part up to and including the last `/` of its path, and the rest.
///
/// An empty rest means that the string names a directory.
///
/// # Errors
///
/// The string is not a remote string.
///
/// # Examples
///
/// ```
/// use remote_config::remote_string::split;
///
/// assert_eq!(split("koofr:photos/a.jpg")?, ("koofr:photos/", "a.jpg"));
/// # Ok::<(), remote_config::remote_string::RemoteStringError>(())
/// ```
pub fn split(remote: &str) -> Result<(&str, &str), RemoteStringError> {
    let path_len = RemoteParts::parse(remote.as_bytes())?.path.len();
    let path_start = remote.len() - path_len;
    let path = remote.get(path_start..).unwrap_or_default();
    let leaf_start = path_start + path.rfind('/').map_or(0, |slash| slash + 1);
    Ok(remote.split_at_checked(leaf_start).unwrap_or((remote, "")))
}

/// Appends the path of a file to a remote path. The result is never above the remote path.
///
/// A string that is not a remote string counts as a local path.
#[must_use]
pub fn join(remote: &str, file_path: &str) -> String {
    if file_path.is_empty() {
        return remote.to_owned();
    }
    let cleaned = clean(&format!("/{file_path}"));
    let file_path = if file_path.starts_with('/') {
        &cleaned
    } else {
        cleaned.trim_start_matches('/')
    };
    if remote.starts_with("//") {
        return format!("/{}", clean(&format!("{remote}/{file_path}")));
    }
    let path_len =
        RemoteParts::parse(remote.as_bytes()).map_or(remote.len(), |parts| parts.path.len());
    let (prefix, path) = remote
        .split_at_checked(remote.len() - path_len)
        .unwrap_or(("", remote));
    let joined = match (path.is_empty(), file_path.is_empty()) {
        (true, true) => String::new(),
        (true, false) => clean(file_path),
        (false, true) => clean(path),
        (false, false) => clean(&format!("{path}/{file_path}")),
    };
    if joined == "." && !prefix.is_empty() {
        return prefix.to_owned();
    }
    format!("{prefix}{joined}")
}

/// The shortest path that means the same: without empty parts, `.`, and `..` behind another name. Empty becomes `.`.
fn clean(path: &str) -> String {
    let rooted = path.starts_with('/');
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|&last| last != "..") => {
                parts.pop();
            }
            ".." if rooted => {}
            part => parts.push(part),
        }
    }
    let joined = parts.join("/");
    match (rooted, joined.is_empty()) {
        (true, _) => format!("/{joined}"),
        (false, true) => ".".to_owned(),
        (false, false) => joined,
    }
}
