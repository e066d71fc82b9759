//! Which storage of the account a remote works in.

use remote_core::error::{Error, ErrorKind, Result};
use tokio::sync::OnceCell;

use crate::{Client, PRIMARY, error::classify::ENDPOINT_HELP, model::mount::Mount};

/// The mount a remote works in, looked up at the first use: one request, shared by everybody who waits for it.
#[derive(Debug)]
pub(super) struct MountCell {
    /// Id or name; the primary mount when empty.
    wanted: String,
    id: OnceCell<String>,
}

impl MountCell {
    pub(super) fn new(wanted: String) -> Self {
        Self {
            wanted,
            id: OnceCell::new(),
        }
    }

    /// The id of the mount. Failures are not remembered.
    pub(super) async fn id(&self, client: &Client) -> Result<&str> {
        let id = self.id.get_or_try_init(|| async {
            let mount = find(client, &self.wanted).await?;
            Ok::<_, Error>(mount.id)
        });
        Ok(id.await?)
    }

    /// The mount as it is now: one request, also at the first use.
    pub(super) async fn look(&self, client: &Client) -> Result<Mount> {
        if let Some(id) = self.id.get() {
            return client.mount(id).await;
        }
        let mount = find(client, &self.wanted).await?;
        // Somebody else may have found the same one meanwhile.
        let _known = self.id.set(mount.id.clone());
        Ok(mount)
    }
}

/// The mount of an id or name, or the primary one, if it can be used.
async fn find(client: &Client, wanted: &str) -> Result<Mount> {
    let asked = if wanted.is_empty() { PRIMARY } else { wanted };
    let mount = match client.mount(asked).await {
        Err(error) if error.is_not_found() => select(client.mounts().await?, wanted)?,
        other => other?,
    };
    check_mount(&mount)?;
    check_online(&mount)?;
    Ok(mount)
}

/// Picks from the list, for servers that do not know the alias and for users who gave a name.
fn select(mounts: Vec<Mount>, wanted: &str) -> Result<Mount> {
    let names: Vec<String> = mounts
        .iter()
        .map(|mount| format!("{} ({})", mount.name, mount.id))
        .collect();
    let mut matching = mounts.into_iter().filter(|mount| match wanted {
        "" | PRIMARY => mount.is_primary,
        _ => mount.id == wanted || mount.name == wanted,
    });
    match (matching.next(), matching.next()) {
        (Some(mount), None) => Ok(mount),
        (Some(_), Some(_)) => Err(not_selected(
            format!("several mounts are named {wanted:?}"),
            &names,
        )),
        (None, _) if wanted.is_empty() => Err(not_selected(
            "the account has no primary mount".to_owned(),
            &names,
        )),
        (None, _) => Err(not_selected(
            format!("the account has no mount {wanted:?}"),
            &names,
        )),
    }
}

fn not_selected(message: String, names: &[String]) -> Error {
    Error::with_message(ErrorKind::InvalidInput, message).with_help(format!(
        "set the option mountid to the id of one of: {}",
        names.join(", ")
    ))
}

/// Another service with JSON may have answered.
fn check_mount(mount: &Mount) -> Result<()> {
    if mount.id.is_empty() {
        return Err(
            Error::with_message(ErrorKind::Protocol, "the answer describes no storage")
                .with_help(ENDPOINT_HELP),
        );
    }
    Ok(())
}

/// A storage that is not connected answers "not found" to everything; better to say so at once.
fn check_online(mount: &Mount) -> Result<()> {
    if mount.online {
        return Ok(());
    }
    Err(Error::with_message(
        ErrorKind::StorageOffline,
        format!("the storage {:?} is not connected", mount.name),
    )
    .with_help("start the computer or reconnect the cloud that the storage stands for"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mounts() -> Vec<Mount> {
        serde_json::from_str(
            r#"[{"id":"m1","name":"Koofr","isPrimary":true,"online":true},
                {"id":"m2","name":"Laptop","online":false},
                {"id":"m3","name":"Laptop","online":true}]"#,
        )
        .unwrap()
    }

    #[test]
    fn a_mount_is_found_by_id_or_unique_name() {
        assert_eq!(select(mounts(), "").unwrap().id, "m1");
        assert_eq!(select(mounts(), "m3").unwrap().id, "m3");
        assert_eq!(select(mounts(), "Koofr").unwrap().id, "m1");
    }

    #[test]
    fn a_mount_that_is_not_there_is_not_a_missing_file() {
        for wanted in ["m9", "Laptop"] {
            let error = select(mounts(), wanted).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidInput);
            assert!(error.help().unwrap().contains("Koofr (m1)"), "{error:?}");
        }
    }

    #[test]
    fn a_disconnected_storage_is_told_as_such() {
        assert_eq!(
            check_online(&mounts()[1]).unwrap_err().kind(),
            ErrorKind::StorageOffline
        );
    }
}
