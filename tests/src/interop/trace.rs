//! Requests in a notation short enough to be written down: `info /a/b 404`.

use remote_emulator::record::RequestRecord;

/// One request per line: the last word of the endpoint, the path it is about, the status.
#[must_use]
pub fn trace(records: &[RequestRecord]) -> Vec<String> {
    records.iter().map(line).collect()
}

fn line(record: &RequestRecord) -> String {
    let name = record.endpoint.rsplit('/').next().unwrap_or_default();
    let mut words = vec![
        match name {
            "{m}" => "mount",
            "folder" => "mkfolder",
            other => other,
        }
        .to_owned(),
    ];
    words.extend(path(record));
    words.extend(record.header("range").map(str::to_owned));
    words.push(match record.status {
        Some(status) => status.to_string(),
        None => "-".to_owned(),
    });
    words.join(" ")
}

/// The path a request is about; for an upload that of the file.
fn path(record: &RequestRecord) -> Option<String> {
    let path = record.query_value("path")?;
    let path = match path.trim_end_matches('/') {
        "" => "/",
        path => path,
    };
    Some(match record.query_value("filename") {
        Some(name) if path == "/" => format!("/{name}"),
        Some(name) => format!("{path}/{name}"),
        None => path.to_owned(),
    })
}
