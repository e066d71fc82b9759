//! Public links, the views of shared and recent files, previews.

use futures::TryStreamExt as _;
use jotta_api::{
    api::{download::Thumbnail, shares::landing_page},
    model::item::Item,
};
use remote_core::error::ErrorKind;
use wiremock::{MockServer, ResponseTemplate, matchers};

use crate::common::{ARCHIVE, archive, client, failure, file, once, request, trace, xml};

const SHARED: &str = "<file name=\"a b\"><publicURI>0123456789abcdef0123456789abcdef</publicURI><publicSharePath>s/29/x y</publicSharePath></file>";

#[tokio::test]
async fn a_share_is_made_looked_at_and_ended() {
    let server = MockServer::start().await;
    let (client, place) = (client(&server), archive().below("d/a b"));
    let on = request("GET", &format!("{ARCHIVE}/d/a%20b"));
    let on = on.and(matchers::query_param("mode", "enableShare"));
    once(&server, on, xml(SHARED)).await;
    let off = request("GET", &format!("{ARCHIVE}/d/a%20b"));
    let off = off.and(matchers::query_param("mode", "disableShare"));
    once(&server, off, xml("<file name=\"a b\"/>")).await;

    let Item::File(shared) = client.share(&place).await.unwrap() else {
        panic!("not a file")
    };
    let address = client.download_address(&shared.share).await.unwrap();
    assert_eq!(
        address.unwrap().as_str(),
        "https://www.jottacloud.com/opin/io/downloadPublic/u1/0123456789abcdef0123456789abcdef"
    );
    let page = landing_page(&shared.share).unwrap();
    assert_eq!(page.as_str(), "https://www.jottacloud.com/s/29/x%20y");

    let Item::File(ended) = client.unshare(&place).await.unwrap() else {
        panic!("not a file")
    };
    assert!(!ended.share.is_shared());
    assert_eq!(client.download_address(&ended.share).await.unwrap(), None);
    assert_eq!(landing_page(&ended.share), None);
    assert_eq!(
        trace(&server).await,
        [
            format!("GET {ARCHIVE}/d/a%20b?mode=enableShare"),
            format!("GET {ARCHIVE}/d/a%20b?mode=disableShare"),
        ]
    );
}

#[tokio::test]
async fn folders_and_mount_points_are_shared_too_and_nothing_is_not() {
    let server = MockServer::start().await;
    let client = client(&server);
    let whole = "<mountPoint><name>Archive</name><publicURI>0f</publicURI></mountPoint>";
    once(&server, request("GET", ARCHIVE), xml(whole)).await;
    assert!(matches!(
        client.share(&archive()).await.unwrap(),
        Item::MountPoint(mount_point) if mount_point.share.is_shared()
    ));
    let missing = request("GET", &format!("{ARCHIVE}/x"));
    once(&server, missing, failure(404, "NoSuchPathException")).await;
    let error = client.share(&archive().below("x")).await.unwrap_err();
    assert!(
        error.is_not_found() && error.request_id() == Some("77"),
        "{error:?}"
    );
}

#[tokio::test]
async fn the_views_of_links_and_recent_files_are_read() {
    let server = MockServer::start().await;
    let client = client(&server);
    let found = |name: &str| {
        format!(
            "<searchresult time=\"\"><files>{}<surprise/></files><metadata first=\"0\" max=\"1\" total=\"7\" num_files=\"7\"/></searchresult>",
            file(name, "content").replace(
                "<currentRevision>",
                "<path>/u1/Jotta/Archive/d</path><currentRevision>"
            )
        )
    };
    once(
        &server,
        request("GET", "/jfs/u1/Jotta/Links"),
        xml(found("l")),
    )
    .await;
    once(
        &server,
        request("GET", "/jfs/u1/Jotta/Latest"),
        xml(found("r")),
    )
    .await;
    let links = client.links().await.unwrap();
    let recent = client.recent(3).await.unwrap();
    for (result, name) in [(links, "l"), (recent, "r")] {
        assert_eq!(result.total, Some(7));
        let [file] = result.files.as_slice() else {
            panic!("{result:?}")
        };
        assert_eq!(file.name, name);
        assert_eq!(file.parent.as_deref(), Some("/u1/Jotta/Archive/d"));
    }
    assert_eq!(
        trace(&server).await,
        [
            "GET /jfs/u1/Jotta/Links",
            "GET /jfs/u1/Jotta/Latest?sort=updated&max=3&web=true",
        ]
    );
}

#[tokio::test]
async fn a_view_that_is_something_else_is_refused_and_an_odd_one_is_read() {
    for (body, expected) in [
        ("<searchresult/>", Ok((0, None))),
        (
            "<searchresult><metadata total=\"\"/><files/></searchresult>",
            Ok((0, None)),
        ),
        (
            "<searchresult><files><file/></files><metadata total=\"-1\"/></searchresult>",
            Ok((1, None)),
        ),
        ("<folder name=\"Links\"/>", Err(ErrorKind::Protocol)),
        ("<html><body/></html>", Err(ErrorKind::Protocol)),
        ("<searchresult><files><file", Err(ErrorKind::Transport)),
    ] {
        let server = MockServer::start().await;
        let view = request("GET", "/jfs/u1/Jotta/Links");
        view.respond_with(xml(body)).mount(&server).await;
        let result = client(&server).links().await;
        let result = result.map(|found| (found.files.len(), found.total));
        assert_eq!(result.map_err(|error| error.kind()), expected, "{body}");
    }
}

#[tokio::test]
async fn previews_come_in_the_size_that_is_asked_for() {
    for (size, text) in [
        (Thumbnail::Small, "WS"),
        (Thumbnail::Medium, "WM"),
        (Thumbnail::Large, "WL"),
        (Thumbnail::ExtraLarge, "WXL"),
    ] {
        let server = MockServer::start().await;
        let preview = request("GET", &format!("{ARCHIVE}/p.jpg"));
        let picture = ResponseTemplate::new(200).set_body_raw(vec![1, 2, 3], "image/jpeg");
        once(&server, preview, picture).await;
        let place = archive().below("p.jpg");
        let download = client(&server).thumbnail(&place, &size).await.unwrap();
        assert_eq!((download.total, download.range), (Some(3), Some(0..3)));
        let pieces: Vec<bytes::Bytes> = download.body.try_collect().await.unwrap();
        assert_eq!(pieces.concat(), [1, 2, 3]);
        assert_eq!(
            trace(&server).await,
            [format!("GET {ARCHIVE}/p.jpg?mode=thumb&ts={text}")]
        );
    }
    let server = MockServer::start().await;
    let none = request("GET", &format!("{ARCHIVE}/a.txt"));
    once(&server, none, failure(404, "NoSuchFileException")).await;
    let place = archive().below("a.txt");
    let error = client(&server).thumbnail(&place, &Thumbnail::Small).await;
    assert!(error.unwrap_err().is_not_found());
}
