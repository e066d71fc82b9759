//! Commands for files, folders, devices and mount points.

use jotta_api::model::{device::DeviceType, item::Item};
use remote_core::error::{Effect, ErrorKind};
use wiremock::{MockServer, ResponseTemplate, matchers};

use crate::common::{
    ARCHIVE, archive, client, described, failure, file, header, once, only, request, trace, xml,
};

#[tokio::test]
async fn moves_and_copies_name_their_target_in_the_query() {
    let server = MockServer::start().await;
    let client = client(&server);
    let (from, to) = (archive().below("a b"), archive().below("c+d/ü&x"));
    let any = request("POST", &format!("{ARCHIVE}/a%20b"));
    any.respond_with(xml(file("ü&amp;x", "content")))
        .mount(&server)
        .await;
    let moved = client.move_file(&from, &to).await.unwrap();
    assert_eq!(moved.name, "ü&x");
    client.copy_file(&from, &to).await.unwrap();
    client.move_folder(&from, &to).await.unwrap();
    let target = "%2Fu1%2FJotta%2FArchive%2Fc%2Bd%2F%C3%BC%26x";
    let expected =
        ["mv", "cp", "mvDir"].map(|command| format!("POST {ARCHIVE}/a%20b?{command}={target}"));
    assert_eq!(trace(&server).await, expected);
}

#[tokio::test]
async fn a_touch_tells_size_hash_and_times_in_headers() {
    let server = MockServer::start().await;
    let touch = request("POST", &format!("{ARCHIVE}/a"));
    let touch = touch.and(matchers::query_param("cphash", "true"));
    once(&server, touch, xml(file("a", "content"))).await;
    let place = archive().below("a");
    client(&server)
        .touch(&place, &described("content"))
        .await
        .unwrap();
    let request = only(&server).await;
    assert!(request.body.is_empty() && header(&request, "content-type").is_empty());
    for (name, value) in [
        ("jsize", "7"),
        ("jmd5", "9a0364b9e99bb480dd25e1f0284c8555"),
        ("jcreated", "2023-11-14-T22:13:20Z"),
        ("jmodified", "2023-11-14-T22:13:30Z"),
    ] {
        assert_eq!(header(&request, name), value, "{name}");
    }
}

#[tokio::test]
async fn a_touch_that_fails_is_never_a_success() {
    for (status, kind, effect) in [
        (404, ErrorKind::NotFound, Effect::NotMade),
        (401, ErrorKind::Authentication, Effect::NotMade),
        (403, ErrorKind::PermissionDenied, Effect::NotMade),
        (500, ErrorKind::Service, Effect::Unknown),
    ] {
        let server = MockServer::start().await;
        let touch = request("POST", &format!("{ARCHIVE}/a"));
        let answer = ResponseTemplate::new(status);
        touch.respond_with(answer).mount(&server).await;
        let place = archive().below("a");
        let error = client(&server).touch(&place, &described("x")).await;
        let error = error.unwrap_err();
        assert_eq!((error.kind(), error.effect()), (kind, effect), "{status}");
    }
}

#[tokio::test]
async fn folders_are_made_and_found_whatever_they_are() {
    for (body, expected) in [
        ("<folder name=\"d\"/>", Ok("folder")),
        ("<mountPoint><name>d</name></mountPoint>", Ok("mountPoint")),
        ("<file name=\"d\"/>", Ok("file")),
        ("<nothing/>", Err(ErrorKind::Protocol)),
        ("", Err(ErrorKind::Protocol)),
    ] {
        let server = MockServer::start().await;
        let make = request("POST", &format!("{ARCHIVE}/d"));
        let make = make.and(matchers::query_param("mkDir", "true"));
        make.respond_with(xml(body)).mount(&server).await;
        let made = client(&server).create_folder(&archive().below("d")).await;
        let made = made.map(|item| item.noun());
        assert_eq!(made.map_err(|error| error.kind()), expected, "{body}");
    }
}

#[tokio::test]
async fn devices_and_mount_points_are_made_and_taken_away() {
    let server = MockServer::start().await;
    let client = client(&server);
    let device =
        || xml("<device><name xml:space=\"preserve\">My PC</name><type>LAPTOP</type></device>");
    let mount = xml("<mountPoint><name>Set 1</name></mountPoint>");
    let of_device = request("POST", "/jfs/u1/My%20PC");
    of_device.respond_with(device()).mount(&server).await;
    let of_mount = request("POST", "/jfs/u1/My%20PC/Set%201");
    of_mount.respond_with(mount).mount(&server).await;
    let look = request("GET", "/jfs/u1/My%20PC");
    look.respond_with(device()).mount(&server).await;
    let made = client.create_device("My PC", &DeviceType::Laptop).await;
    assert_eq!(made.unwrap().kind, DeviceType::Laptop);
    let made = client.create_mount_point("My PC", "Set 1").await.unwrap();
    assert_eq!(made.name, "Set 1");
    let found = client.device("My PC").await.unwrap();
    assert!(found.mount_points.is_empty());
    client.trash_mount_point("My PC", "Set 1").await.unwrap();
    client.remove_mount_point("My PC", "Set 1").await.unwrap();
    client.remove_device("My PC").await.unwrap();
    assert_eq!(
        trace(&server).await,
        [
            "POST /jfs/u1/My%20PC?type=LAPTOP",
            "POST /jfs/u1/My%20PC/Set%201",
            "GET /jfs/u1/My%20PC",
            "POST /jfs/u1/My%20PC/Set%201?dl=true",
            "POST /jfs/u1/My%20PC/Set%201?rm=true",
            "POST /jfs/u1/My%20PC?rm=true",
        ]
    );
}

#[tokio::test]
async fn the_account_tells_room_and_locks() {
    let server = MockServer::start().await;
    let body = "<user><username>u1</username><capacity>-1</capacity><usage></usage><write-locked>true</write-locked><quota-write-locked>1</quota-write-locked>\
        <devices><device><name>Jotta</name><type>JOTTA</type><size/></device></devices></user>";
    once(&server, request("GET", "/jfs/u1"), xml(body)).await;
    let account = client(&server).account().await.unwrap();
    assert_eq!((account.capacity, account.usage), (None, None));
    assert!(account.write_locked && account.quota_write_locked && !account.locked);
    assert!(account.devices[0].is_built_in());
}

#[tokio::test]
async fn failures_of_the_service_have_their_kind_and_id() {
    for (status, class, kind) in [
        (404, "NoSuchFileException", ErrorKind::NotFound),
        (404, "NoSuchPathException", ErrorKind::NotFound),
        (404, "NoSuchMountPointException", ErrorKind::NotFound),
        (400, "UniqueFileException", ErrorKind::AlreadyExists),
        (400, "InvalidArgumentException", ErrorKind::InvalidName),
        (400, "IllegalArgumentException", ErrorKind::InvalidName),
        (400, "UsernameNotFoundException", ErrorKind::Protocol),
        (
            416,
            "RequestedRangeNotSatisfiedException",
            ErrorKind::InvalidInput,
        ),
        (403, "AccessDeniedException", ErrorKind::PermissionDenied),
    ] {
        let server = MockServer::start().await;
        let look = request("GET", &format!("{ARCHIVE}/a"));
        look.respond_with(failure(status, class))
            .expect(1)
            .mount(&server)
            .await;
        let error = client(&server)
            .item(&archive().below("a"))
            .await
            .unwrap_err();
        assert_eq!(
            (error.kind(), error.request_id()),
            (kind, Some("77")),
            "{class}"
        );
    }
}

#[tokio::test]
async fn what_an_address_leads_to_is_told() {
    let server = MockServer::start().await;
    let look = request("GET", &format!("{ARCHIVE}/a"));
    once(&server, look, xml(file("a", "content"))).await;
    let item = client(&server).item(&archive().below("a")).await.unwrap();
    assert!(matches!(item, Item::File(file) if file.is_live()));
}
