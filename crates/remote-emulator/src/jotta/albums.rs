//! Photo albums: shared ones, which need no sign-in, and the same ones for their owner. Kept as long as the service runs.

use std::sync::{Mutex, MutexGuard, PoisonError};

use serde_json::{Value, json};

use crate::ids;
use crate::jotta::Jotta;
use crate::jotta::jfs::send;
use crate::jotta::problem::{Answer, Problem};
use crate::reply::Reply;
use crate::service::Call;
use crate::store::Content;

/// How many photos a page has unless told otherwise.
const PAGE: usize = 100;

/// All albums.
#[derive(Debug, Default)]
pub(crate) struct Albums(Mutex<Vec<Album>>);

/// A collection of files as they were when it was made.
#[derive(Clone, Debug)]
pub(crate) struct Album {
    pub(crate) id: String,
    /// The name in public addresses; none while it is private.
    pub(crate) share: Option<String>,
    /// The internal name of the owner.
    pub(crate) owner: String,
    pub(crate) title: String,
    pub(crate) changed: i64,
    pub(crate) photos: Vec<Photo>,
}

#[derive(Clone, Debug)]
pub(crate) struct Photo {
    pub(crate) id: String,
    /// The name of its address.
    pub(crate) key: String,
    pub(crate) name: String,
    pub(crate) mime: &'static str,
    /// Nanoseconds since the Unix epoch; no two photos of an album have the same.
    pub(crate) timestamp: i64,
    /// Milliseconds since the Unix epoch.
    pub(crate) captured: i64,
    pub(crate) content: Content,
}

impl Albums {
    pub(crate) fn lock(&self) -> MutexGuard<'_, Vec<Album>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn find(&self, wanted: impl Fn(&Album) -> bool) -> Option<Album> {
        self.lock().iter().find(|album| wanted(album)).cloned()
    }
}

impl Photo {
    /// A photo of a file, the `number`th of its album.
    pub(crate) fn new(
        name: &str,
        mime: &'static str,
        captured: i64,
        number: usize,
        content: Content,
    ) -> Self {
        let number = i64::try_from(number).unwrap_or(i64::MAX);
        Self {
            id: ids::uuid(),
            key: ids::code(32),
            name: name.to_owned(),
            mime,
            timestamp: captured.saturating_mul(1_000_000).saturating_add(number),
            captured,
            content,
        }
    }

    fn describe(&self, base: &str) -> Value {
        let address = format!("{base}/photos/content/{}", self.key);
        let is_film = self.mime.starts_with("video/");
        json!({
            "id": self.id,
            "filename": self.name,
            "width": 640,
            "height": 480,
            "mimetype": self.mime,
            "timestamp": self.timestamp.to_string(),
            "capturedDate": self.captured,
            "content": if is_film { "video" } else { "image" },
            "duration": if is_film { 1000 } else { 0 },
            "hidden": false,
            "deleted": false,
            "thumbnail_url": address,
            "file_url": address,
        })
    }
}

fn page(album: &Album, base: &str, photos: &[&Photo]) -> Reply {
    let photos: Vec<Value> = photos.iter().map(|photo| photo.describe(base)).collect();
    Reply::json(&json!({
        "id": album.id,
        "title": album.title,
        "lastModified": album.changed,
        "photos": photos,
    }))
}

/// `GET photos/v1/public/{share}/{cursor}?order=ASC&limit=100`
pub(crate) fn public(jotta: &Jotta, call: &Call, share: &str, cursor: &str) -> Answer {
    let album = jotta
        .albums
        .find(|album| album.share.as_deref() == Some(share))
        .ok_or_else(|| Problem::no_path(share))?;
    let query = |name: &str| {
        crate::query::pairs(&call.query)
            .find(|(key, _)| key == name)
            .map(|(_, value)| value)
    };
    let number = |text: &str| {
        let parsed: Result<i64, _> = text.parse();
        parsed.map_err(|_no_number| Problem::invalid(format!("`{text}` is not a number")))
    };
    let limit = query("limit").map(|text| number(&text)).transpose()?;
    let limit = limit.map_or(PAGE, |limit| usize::try_from(limit).unwrap_or_default());
    let after = match cursor {
        "" => None,
        text => Some(number(text)?),
    };
    let mut photos: Vec<&Photo> = album.photos.iter().collect();
    photos.sort_by_key(|photo| photo.timestamp);
    let descending = query("order").as_deref() == Some("DESC");
    if descending {
        photos.reverse();
    }
    photos.retain(|photo| {
        after.is_none_or(|after| match descending {
            true => photo.timestamp < after,
            false => photo.timestamp > after,
        })
    });
    photos.truncate(limit);
    Ok(page(&album, &jotta.photo_base(call), &photos))
}

/// `GET photos/v1/albums/{id}`, for the owner.
pub(crate) fn own(jotta: &Jotta, call: &Call, id: &str) -> Answer {
    let account = jotta.signed_in(call)?;
    let album = jotta
        .albums
        .find(|album| album.id == id && album.owner == account.username)
        .ok_or_else(|| Problem::no_path(id))?;
    let photos: Vec<&Photo> = album.photos.iter().collect();
    Ok(page(&album, &jotta.photo_base(call), &photos))
}

/// `GET photos/content/{key}`, with `.s` or `.l` for a preview: a photo is its own preview.
pub(crate) fn content(jotta: &Jotta, call: &Call, key: &str) -> Answer {
    let bare = [".s", ".l"]
        .iter()
        .find_map(|ending| key.strip_suffix(ending));
    let is_file = |photo: &&Photo| photo.key == bare.unwrap_or(key);
    let found = {
        let albums = jotta.albums.lock();
        let mut photos = albums.iter().flat_map(|album| &album.photos);
        photos.find(is_file).cloned()
    };
    let photo = found.ok_or_else(|| Problem::no_file(key))?;
    send(call, &photo.name, &photo.content)
}
