//! Reading at any place of a file, as a mounted remote does it.
//!
//! * `serve http` with ranges, everywhere
//! * `mount`: folders, whole files, reads in the middle, a new file; where the machine has `/dev/fuse` and `fusermount3` and allows mounting.
//!   Elsewhere the test says so and has nothing to check.
//! * our restore into a folder that takes upper for lower case, which such a mount can be told to do.

use std::{
    fs::{self, File},
    io::{Read as _, Seek as _, SeekFrom},
    path::Path,
    sync::Arc,
};

use remote_core::{
    memory::MemoryRemote, operation::WriteOptions, path::RemotePath, remote::RemoteExt as _,
};
use remote_transfer::{Location, ProblemKind, TransferOptions, copy};
use tests::interop::{
    files, http,
    koofr::KoofrStage,
    mounting::{Mount, can_mount},
    tool::{Program, RCLONES},
};
use tokio::task::spawn_blocking;

const SIZE: usize = 3 << 20;

#[tokio::test(flavor = "multi_thread")]
async fn served_files_can_be_read_in_parts() {
    for program in RCLONES {
        let stage = KoofrStage::new().await;
        let tool = stage.tool(program);
        let noise = files::noise(SIZE, 3);
        files::write(
            &stage.path("served"),
            b"noise.bin",
            &noise,
            1_600_000_000_000,
        );
        tool.run(["copy", "served", "koofr:served"]).await.success();
        let mut server = tool.start(["serve", "http", "koofr:served", "--addr", "127.0.0.1:0"]);
        let port = http::port_of(&mut server).await;
        let url = format!("http://127.0.0.1:{port}/noise.bin");

        let whole = http::get(&url, &[]).await;
        assert_eq!(whole.status, 200, "{program}");
        assert!(whole.body == noise, "{program}");
        stage.take_trace();
        for (range, expected) in [
            ("bytes=0-0", &noise[..1]),
            ("bytes=1000000-1000999", &noise[1_000_000..1_001_000]),
            ("bytes=3145000-", &noise[3_145_000..]),
            ("bytes=-10", &noise[SIZE - 10..]),
        ] {
            let part = http::get(&url, &[&format!("Range: {range}")]).await;
            assert_eq!(part.status, 206, "{program}: {range}");
            assert!(part.body == expected, "{program}: {range}");
        }
        let trace = stage.take_trace();
        assert!(
            trace
                .iter()
                .any(|line| line.starts_with("get /served/noise.bin bytes=1000000-")),
            "{program}: the range reaches the service: {trace:?}"
        );
        let beyond = http::get(&url, &["Range: bytes=4000000-"]).await;
        assert_eq!(beyond.status, 416, "{program}");
        server.kill().await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn mounted_files_can_be_read_in_parts() {
    if let Err(reason) = can_mount() {
        eprintln!("not checked here: {reason}; `serve http` has shown ranged reads");
        return;
    }
    for program in RCLONES {
        let stage = KoofrStage::new().await;
        let tool = stage.tool(program);
        let noise = files::noise(SIZE, 4);
        files::write(
            &stage.path("stock"),
            b"dir/noise.bin",
            &noise,
            1_600_000_000_000,
        );
        files::write(&stage.path("stock"), b"empty.bin", b"", 1_600_000_000_000);
        tool.run(["copy", "stock", "koofr:stock"]).await.success();
        let mount = Mount::new(stage.path("mounted"));
        let mut server = tool.start(["mount", "koofr:stock", "mounted"]);
        mount.wait(&mut server).await;

        let root = mount.path().to_owned();
        spawn_blocking(move || {
            assert_eq!(names(&root), ["dir", "empty.bin"]);
            assert_eq!(fs::read(root.join("empty.bin")).unwrap(), b"");
            let mut file = File::open(root.join("dir/noise.bin")).unwrap();
            for start in [2_000_000, 5, 3_145_700] {
                file.seek(SeekFrom::Start(start as u64)).unwrap();
                let mut part = Vec::new();
                file.by_ref().take(100).read_to_end(&mut part).unwrap();
                assert!(part == noise[start..SIZE.min(start + 100)], "from {start}");
            }
            assert!(fs::read(root.join("dir/noise.bin")).unwrap() == noise);
            fs::write(root.join("dir/new.txt"), b"written through the mount").unwrap();
        })
        .await
        .unwrap();
        drop(mount);
        server.wait().await.unwrap();
        let written = tool
            .run(["cat", "koofr:stock/dir/new.txt"])
            .await
            .success()
            .text();
        assert_eq!(written, "written through the mount", "{program}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_that_takes_upper_for_lower_case_is_restored_into_without_a_loss() {
    if let Err(reason) = can_mount() {
        eprintln!("not checked here: {reason}");
        return;
    }
    let stage = KoofrStage::new().await;
    let tool = stage.tool(Program::Rclone175);
    fs::create_dir(stage.path("disk")).unwrap();
    let mount = Mount::new(stage.path("mounted"));
    let disk = stage.path("disk").display().to_string();
    let how = ["--vfs-cache-mode", "full", "--vfs-case-insensitive"];
    let mut server = tool.start(["mount", &disk, "mounted"].into_iter().chain(how));
    mount.wait(&mut server).await;

    let remote = MemoryRemote::new();
    for (name, content) in [("A", "upper"), ("a", "lower"), ("D/x", "1"), ("d/x", "2")] {
        let path = RemotePath::parse(name).unwrap();
        let options = WriteOptions::default();
        remote.write_bytes(&path, content, options).await.unwrap();
    }
    let from = Location::remote(Arc::new(remote), RemotePath::root());
    let to = Location::local(mount.path());
    for transferred in [2, 0] {
        let options = TransferOptions::default();
        let summary = copy(&from, &to, &options).await.unwrap();
        assert_eq!(summary.files_transferred, transferred);
        let collisions = summary.problems.iter();
        let mut collisions: Vec<_> = collisions
            .map(|it| (it.path.to_string(), it.kind))
            .collect();
        collisions.sort_by(|a, b| a.0.cmp(&b.0));
        assert_eq!(
            collisions,
            ["a", "d"].map(|name| (name.to_owned(), ProblemKind::NameCollision))
        );
    }
    let root = mount.path().to_owned();
    spawn_blocking(move || {
        assert_eq!(names(&root), ["A", "D"]);
        assert_eq!(fs::read(root.join("A")).unwrap(), b"upper");
        assert_eq!(fs::read(root.join("D/x")).unwrap(), b"1");
    })
    .await
    .unwrap();
    drop(mount);
    server.wait().await.unwrap();
}

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(folder)
        .unwrap_or_else(|error| panic!("{}: {error}", folder.display()))
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .collect();
    names.sort();
    names
}
