//! What the service offers beyond the contract: photo albums, uploads in one request, recent files, previews, the flat listing with the trash, events.

use bytes::Bytes;
use futures::TryStreamExt as _;
use jotta_api::{
    Client,
    api::{
        albums::PhotoSize,
        download::{FileDownload, GetOptions, Thumbnail},
        files::ContentTimes,
    },
    error::ApiError,
    location::Location,
    model::{album::PhotoKind, event::EventType, file::RevisionState},
};
use remote_core::{
    error::ErrorKind,
    hash::{HashAlgorithm, HashValue},
    http::Body,
};
use tests::jotta::JottaBench;

fn place(path: &str) -> Location {
    Location::new("Jotta", "Archive").below(path)
}

fn described(content: &[u8]) -> ContentTimes {
    let md5 = HashValue::of(HashAlgorithm::Md5, content);
    let modified =
        std::time::SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(1_600_000_000);
    ContentTimes::new(content.len() as u64, md5, modified)
}

async fn bytes(download: FileDownload) -> Vec<u8> {
    let pieces: Vec<Bytes> = download.body.try_collect().await.unwrap();
    pieces.concat()
}

async fn content(client: &Client, path: &str) -> Vec<u8> {
    let options = GetOptions::default();
    bytes(client.get(&place(path), &options).await.unwrap()).await
}

#[tokio::test]
async fn a_shared_album_is_read_to_its_end() {
    let bench = JottaBench::start().await;
    let names: Vec<String> = (0..230).map(|number| format!("{number:03}.jpg")).collect();
    let paths: Vec<String> = names
        .iter()
        .map(|name| format!("/Jotta/Archive/{name}"))
        .collect();
    for path in &paths {
        bench.service().write(path, path.clone()).unwrap();
    }
    let paths: Vec<&str> = paths.iter().map(String::as_str).collect();
    let album = bench.service().share_album("Holidays", &paths).unwrap();
    let client = bench.client();
    let all = client.public_photos(&album.share).try_collect::<Vec<_>>();
    let (photos, requests) = bench.counted(all).await;
    let photos = photos.unwrap();
    let found: Vec<&str> = photos.iter().map(|photo| photo.filename.as_str()).collect();
    assert_eq!(found, names);
    assert_eq!(requests, 3, "and none for the name of the user");
    assert_eq!(photos[7].kind, PhotoKind::Image);
    for size in [PhotoSize::Original, PhotoSize::Small, PhotoSize::Large] {
        let photo = client.photo(&photos[7], size).await.unwrap();
        assert_eq!(bytes(photo).await, b"/Jotta/Archive/007.jpg");
    }
    assert!(bench.service().unshare_album(&album.share));
    let error = client
        .public_album(&album.share, None, 1)
        .await
        .unwrap_err();
    assert!(error.is_not_found());
    assert_eq!(client.album(&album.id).await.unwrap().photos.len(), 230);
}

#[tokio::test]
async fn an_upload_in_one_request_is_stored_resumed_and_checked() {
    let bench = JottaBench::start().await;
    let client = bench.client();
    client.username().await.unwrap();
    let upload = async |path: &str, about: &ContentTimes, bytes: &'static [u8]| {
        let body = Body::Bytes(Bytes::from_static(bytes));
        client.upload_directly(&place(path), about, body).await
    };
    let about = described(b"0123456789");
    let (stored, requests) = bench
        .counted(upload("new/a + b", &about, b"0123456789"))
        .await;
    let stored = stored.unwrap();
    assert_eq!(requests, 1);
    assert_eq!(stored.content().unwrap().modified, Some(about.modified));
    assert_eq!(content(&client, "new/a + b").await, b"0123456789");

    let about = described(b"abcdefghij");
    let error = upload("b", &about, b"abcd").await.unwrap_err();
    assert!(ApiError::of(&error).is_some_and(ApiError::is_incomplete_upload));
    let latest = client.file(&place("b")).await.unwrap().latest.unwrap();
    assert_eq!(
        (latest.state, latest.size),
        (RevisionState::Incomplete, Some(4))
    );
    upload("b", &about, b"efghij").await.unwrap();
    assert_eq!(content(&client, "b").await, b"abcdefghij");

    let error = upload("b", &described(b"abc"), b"abd").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Corrupted);
    assert_eq!(
        content(&client, "b").await,
        b"abcdefghij",
        "the former content stays"
    );
    // The service has it already, whatever is sent.
    upload("c", &about, b"abcdefghij").await.unwrap();
    bench.service().set_capacity(30).unwrap();
    let error = upload("d", &described(b"something new"), b"something new")
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::QuotaExceeded);
}

#[tokio::test]
async fn recent_files_previews_and_the_flat_listing_tell_what_is_there() {
    let bench = JottaBench::start().await;
    for name in ["old.txt", "d/picture.jpg", "d/gone.txt"] {
        let path = format!("/Jotta/Archive/{name}");
        bench.service().write(&path, name.to_owned()).unwrap();
        bench
            .service()
            .clock()
            .advance(std::time::Duration::from_secs(10));
    }
    bench.service().trash("/Jotta/Archive/d/gone.txt").unwrap();
    let client = bench.client();
    let recent = client.recent(1).await.unwrap();
    assert_eq!(
        (recent.files[0].name.as_str(), recent.total),
        ("picture.jpg", Some(2))
    );
    let found = &recent.files[0];
    let there = Location::in_parent(found.parent.as_deref().unwrap(), &found.name);
    assert_eq!(there, Some(place("d/picture.jpg")));
    let preview = client
        .thumbnail(&place("d/picture.jpg"), &Thumbnail::Small)
        .await;
    assert_eq!(bytes(preview.unwrap()).await, b"d/picture.jpg");
    let none = client.thumbnail(&place("old.txt"), &Thumbnail::Small).await;
    assert!(none.unwrap_err().is_not_found());
    let folders = client.list_folders(&place(""));
    let folders: Vec<_> = folders.try_collect().await.unwrap();
    let names: Vec<(&str, usize)> = folders
        .iter()
        .map(|listed| (listed.folder.name.as_str(), listed.files().len()))
        .collect();
    assert_eq!(names, [("Archive", 1), ("d", 2)]);
    let gone = folders[1]
        .files()
        .iter()
        .find(|file| file.name == "gone.txt");
    assert!(gone.unwrap().is_deleted());
}

#[tokio::test]
async fn events_tell_what_happens_with_sizes_and_places() {
    let bench = JottaBench::start().await;
    let client = bench.client();
    let mut events = client.events().await.unwrap();
    let about = described(b"content");
    let body = || Body::Bytes(Bytes::from_static(b"content"));
    client
        .upload_directly(&place("a"), &about, body())
        .await
        .unwrap();
    client.create_folder(&place("d")).await.unwrap();
    client.move_file(&place("a"), &place("d/b")).await.unwrap();
    client.share(&place("d/b")).await.unwrap();
    client.unshare(&place("d/b")).await.unwrap();
    client.trash_file(&place("d/b")).await.unwrap();
    client.touch(&place("d/b"), &about).await.unwrap();
    client.remove_file(&place("d/b")).await.unwrap();
    client.remove_folder(&place("d")).await.unwrap();
    let user = bench.service().username();
    let mut kinds = Vec::new();
    while kinds.last() != Some(&EventType::HardDeleteDir) {
        let event = events.next().await.unwrap();
        assert_eq!(event.user, user);
        assert!(event.uuid.is_some() && event.time.is_some());
        match event.kind {
            EventType::NewUpload => {
                assert_eq!((event.size, event.md5), (Some(7), Some(about.md5)));
                assert_eq!(event.from, Some(format!("/{user}/Jotta/Archive/a")));
            }
            EventType::Move => assert_eq!(event.to, Some(format!("/{user}/Jotta/Archive/d/b"))),
            _ => {}
        }
        assert_eq!(events.last_uuid(), event.uuid.as_deref());
        kinds.push(event.kind);
    }
    for kind in [
        EventType::NewUpload,
        EventType::CreateDir,
        EventType::Move,
        EventType::ShareFile,
        EventType::UnshareFile,
        EventType::Delete,
        EventType::Restore,
        EventType::HardDeleteFile,
    ] {
        assert!(kinds.contains(&kind), "{kind}: {kinds:?}");
    }
}
