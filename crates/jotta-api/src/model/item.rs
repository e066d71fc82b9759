//! Whatever an address of the file interface leads to.

use bytes::Bytes;
use futures::stream::BoxStream;
use remote_core::error::{Error, ErrorKind, Result};

use super::{
    account::Account,
    device::Device,
    file::FileInfo,
    folder::{FolderInfo, MountPoint},
};
use crate::xml::{Node, XmlReader};

/// Longest answer of the file interface that is not a stream. A folder of a million files takes about half of it.
const ANSWER_BYTES: u64 = 1 << 30;

/// Something in the tree of an account.
#[expect(
    clippy::large_enum_variant,
    reason = "one at a time, and mostly a file"
)]
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq)]
pub enum Item {
    /// The account itself.
    Account(Account),
    /// A device.
    Device(Device),
    /// A file.
    File(FileInfo),
    /// A folder.
    Folder(FolderInfo),
    /// A mount point.
    MountPoint(MountPoint),
}

/// What the views of links and of recent files tell.
#[non_exhaustive]
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SearchResult {
    /// The files, each with its [parent](FileInfo::parent); those in the trash included.
    pub files: Vec<FileInfo>,
    /// How many there are altogether, where told.
    pub total: Option<u64>,
}

/// The lists that are read record by record.
#[derive(Default)]
struct Lists {
    folders: Vec<FolderInfo>,
    files: Vec<FileInfo>,
    mount_points: Vec<MountPoint>,
    devices: Vec<Device>,
}

impl Lists {
    fn take(&mut self, list: &str, record: &Node) {
        match (list, record.name.as_str()) {
            ("folders", "folder") => self.folders.push(FolderInfo::of(record)),
            ("files", "file") => self.files.push(FileInfo::of(record)),
            ("mountPoints", "mountPoint") => self.mount_points.push(MountPoint::of(record)),
            ("devices", "device") => self.devices.push(Device::of(record)),
            // Lists may get new kinds of records.
            _ => {}
        }
    }
}

async fn read(body: BoxStream<'static, Result<Bytes>>) -> Result<(Node, Lists)> {
    let is_list = |name: &str| matches!(name, "folders" | "files" | "mountPoints" | "devices");
    let mut lists = Lists::default();
    let reader = XmlReader::new(body, ANSWER_BYTES);
    let root = reader
        .document(is_list, |list, record| lists.take(list, &record))
        .await?;
    Ok((root, lists))
}

impl Item {
    /// Reads an answer to its end.
    pub(crate) async fn read(body: BoxStream<'static, Result<Bytes>>) -> Result<Self> {
        let (root, lists) = read(body).await?;
        Ok(match root.name.as_str() {
            "file" => Self::File(FileInfo::of(&root)),
            "folder" => Self::Folder(FolderInfo {
                folders: lists.folders,
                files: lists.files,
                ..FolderInfo::of(&root)
            }),
            "mountPoint" => Self::MountPoint(MountPoint {
                folders: lists.folders,
                files: lists.files,
                ..MountPoint::of(&root)
            }),
            "device" => Self::Device(Device {
                mount_points: lists.mount_points,
                ..Device::of(&root)
            }),
            "user" => Self::Account(Account {
                devices: lists.devices,
                ..Account::of(&root)
            }),
            other => return Err(unexpected(other)),
        })
    }

    /// The word of the service for it.
    #[must_use]
    pub fn noun(&self) -> &'static str {
        match self {
            Self::Account(_) => "user",
            Self::Device(_) => "device",
            Self::File(_) => "file",
            Self::Folder(_) => "folder",
            Self::MountPoint(_) => "mountPoint",
        }
    }

    /// Whether it is in the trash.
    #[must_use]
    pub fn is_deleted(&self) -> bool {
        match self {
            Self::Account(_) | Self::Device(_) => false,
            Self::File(file) => file.is_deleted(),
            Self::Folder(folder) => folder.is_deleted(),
            Self::MountPoint(mount_point) => mount_point.is_deleted(),
        }
    }

    /// The file, if it is one.
    pub(crate) fn into_file(self) -> Result<FileInfo> {
        match self {
            Self::File(file) => Ok(file),
            Self::Folder(_) | Self::MountPoint(_) => Err(Error::with_message(
                ErrorKind::IsADirectory,
                "is a directory, not a file",
            )),
            other => Err(unexpected(other.noun())),
        }
    }
}

impl SearchResult {
    pub(crate) async fn read(body: BoxStream<'static, Result<Bytes>>) -> Result<Self> {
        let (root, lists) = read(body).await?;
        if root.name != "searchresult" {
            return Err(unexpected(&root.name));
        }
        let total = root
            .child("metadata")
            .and_then(|node| node.attribute("total"));
        Ok(Self {
            files: lists.files,
            total: total.and_then(|text| text.parse().ok()),
        })
    }
}

pub(crate) fn unexpected(root: &str) -> Error {
    let root: String = root.chars().filter(|c| !c.is_control()).take(40).collect();
    Error::with_message(
        ErrorKind::Protocol,
        format!("the service answered with <{root}>, which does not fit the question"),
    )
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, SystemTime};

    use futures::{StreamExt as _, stream};

    use super::*;
    use crate::model::{device::DeviceType, file::RevisionState};

    async fn item(xml: &'static str) -> Result<Item> {
        Item::read(stream::iter([Ok(Bytes::from_static(xml.as_bytes()))]).boxed()).await
    }

    const FILE: &str = r#"<file name="report.pdf" uuid="22222222-0000-4000-8000-000000000003" time="2026-01-05-T09:10:11Z" host="dn-1">
      <path xml:space="preserve">/abc/Jotta/Archive/docs</path><abspath xml:space="preserve">/abc/Jotta/Archive/docs</abspath>
      <publicURI>0123456789abcdef0123456789abcdef</publicURI><publicSharePath>s/29001234</publicSharePath>
      <currentRevision><number>10</number><state>COMPLETED</state><created>2026-01-01-T14:52:57Z</created><modified>2026-01-01-T14:52:57Z</modified>
        <mime>application/pdf</mime><mstyle>APPLICATION_PDF</mstyle><size>1048576</size><md5>00112233445566778899AABBCCDDEEFF</md5><updated>2026-01-01-T14:52:58Z</updated></currentRevision>
      <latestRevision><number>11</number><state>INCOMPLETE</state><size></size></latestRevision>
      <revisions><revision><number>9</number><state>CORRUPT</state></revision><revision><number>8</number><state>NOVEL</state></revision></revisions></file>"#;

    #[tokio::test]
    async fn a_file_is_read_with_all_its_revisions() {
        let Item::File(file) = item(FILE).await.unwrap() else {
            panic!("not a file")
        };
        assert_eq!(file.name, "report.pdf");
        assert_eq!(file.parent.as_deref(), Some("/abc/Jotta/Archive/docs"));
        assert!(file.share.is_shared() && file.is_live());
        let content = file.content().unwrap();
        assert_eq!(content.number, Some(10));
        assert_eq!(content.size, Some(1_048_576));
        assert_eq!(
            content.md5.unwrap().to_string(),
            "00112233445566778899aabbccddeeff"
        );
        let time = SystemTime::UNIX_EPOCH + Duration::from_secs(1_767_279_178);
        assert_eq!(content.updated, Some(time));
        let latest = file.latest.unwrap();
        assert_eq!(
            (latest.state, latest.size),
            (RevisionState::Incomplete, None)
        );
        let states: Vec<_> = file.revisions.iter().map(|r| r.state.as_str()).collect();
        assert_eq!(states, ["CORRUPT", "NOVEL"]);
    }

    #[tokio::test]
    async fn a_folder_keeps_tombstones_and_odd_values() {
        let xml = r#"<folder name="Test"><path>/abc/Jotta/Archive</path><unknown><folders><folder name="not one"/></folders></unknown>
          <folders><folder name="live"/><folder name="gone" deleted="2026-01-03-T09:44:04Z"><abspath>/abc</abspath></folder><surprise/></folders>
          <files><file name="b" deleted=""><currentRevision><state>COMPLETED</state><size>-5</size><modified>yesterday</modified><created></created></currentRevision></file>
                 <file name="c"><latestRevision><state>INCOMPLETE</state></latestRevision></file>
                 <file name="d"><currentRevision><state>COMPLETED</state><size>99999999999999999999999</size><md5>xyz</md5></currentRevision></file></files>
          <metadata first="" max="" total="5" num_folders="2" num_files="3"/></folder>"#;
        let Item::Folder(folder) = item(xml).await.unwrap() else {
            panic!("not a folder")
        };
        let names: Vec<_> = folder
            .folders
            .iter()
            .map(|f| (f.name.as_str(), f.is_deleted()))
            .collect();
        assert_eq!(names, [("live", false), ("gone", true)]);
        let live: Vec<_> = folder
            .files
            .iter()
            .map(|f| (f.name.as_str(), f.is_live()))
            .collect();
        assert_eq!(live, [("b", false), ("c", false), ("d", true)]);
        let odd = folder.files[0].content().unwrap();
        assert_eq!((odd.size, odd.modified, odd.created), (None, None, None));
        let absurd = folder.files[2].content().unwrap();
        assert_eq!((absurd.size, absurd.md5), (None, None));
    }

    #[tokio::test]
    async fn mount_points_and_devices_have_their_name_inside() {
        let xml = r#"<device><name xml:space="preserve">Jotta</name><display_name>Jotta</display_name><type>JOTTA</type><size></size><modified></modified>
          <mountPoints><mountPoint><name xml:space="preserve">Archive</name><size>15</size><modified>2026-01-04-T14:29:15Z</modified></mountPoint>
          <mountPoint><name>OldSet</name><deleted>2026-01-02-T10:45:57Z</deleted><size></size><modified></modified></mountPoint></mountPoints></device>"#;
        let Item::Device(device) = item(xml).await.unwrap() else {
            panic!("not a device")
        };
        assert!(device.is_built_in() && device.kind == DeviceType::Jotta);
        let names: Vec<_> = device
            .mount_points
            .iter()
            .map(|m| (m.name.as_str(), m.is_deleted(), m.size))
            .collect();
        assert_eq!(
            names,
            [("Archive", false, Some(15)), ("OldSet", true, None)]
        );
    }

    #[tokio::test]
    async fn an_unlimited_account_has_no_capacity() {
        let xml = "<user><username>abc</username><account-type>unlimited</account-type><locked>false</locked><capacity>-1</capacity><usage>1500000</usage>\
          <write-locked>true</write-locked><devices><device><name>Jotta</name><type>JOTTA</type></device><device><name>PC 1</name><type>CLI</type></device></devices></user>";
        let Item::Account(account) = item(xml).await.unwrap() else {
            panic!("not an account")
        };
        assert_eq!((account.capacity, account.usage), (None, Some(1_500_000)));
        assert!(account.write_locked && !account.locked);
        assert_eq!(account.devices[1].kind.as_str(), "CLI");
    }

    #[tokio::test]
    async fn another_document_is_refused() {
        let error = item("<html><body/></html>").await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Protocol);
    }
}
