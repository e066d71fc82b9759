//! The endpoints, as methods of [`Client`](crate::Client).
//!
//! `…` stands for `jfs/{user}/{device}/{mount point}/{path}`. A method makes one request unless the table says otherwise.
//!
//! | module | endpoint | method |
//! | --- | --- | --- |
//! | [`account`] | `GET account/v1/customer` | [`customer`](crate::Client::customer); [`username`](crate::Client::username): once per client |
//! | [`account`] | `GET jfs/{user}` | [`account`](crate::Client::account) |
//! | [`devices`] | `GET jfs/{user}/{device}` | [`device`](crate::Client::device) |
//! | [`devices`] | `POST jfs/{user}/{device}?type=`, `?rm=true` | [`create_device`](crate::Client::create_device), [`remove_device`](crate::Client::remove_device) |
//! | [`devices`] | `POST jfs/{user}/{device}/{mount point}`, `?dl=true`, `?rm=true` | [`create_mount_point`](crate::Client::create_mount_point), [`trash_mount_point`](crate::Client::trash_mount_point), [`remove_mount_point`](crate::Client::remove_mount_point) |
//! | [`files`] | `GET …` | [`item`](crate::Client::item), [`file`](crate::Client::file) |
//! | [`files`] | `POST …?mkDir=true` | [`create_folder`](crate::Client::create_folder) |
//! | [`files`] | `POST …?dl=true`, `?rm=true`, `?dlDir=true`, `?rmDir=true` | [`trash_file`](crate::Client::trash_file), [`remove_file`](crate::Client::remove_file), [`trash_folder`](crate::Client::trash_folder), [`remove_folder`](crate::Client::remove_folder) |
//! | [`files`] | `POST …?mv=`, `?mvDir=`, `?cp=` | [`move_file`](crate::Client::move_file), [`move_folder`](crate::Client::move_folder), [`copy_file`](crate::Client::copy_file) |
//! | [`files`] | `POST …?cphash=true` | [`touch`](crate::Client::touch) |
//! | [`listing`] | `GET …?mode=liststream`, `?mode=list` | [`open_tree`](crate::Client::open_tree), [`list_tree`](crate::Client::list_tree), [`list_folders`](crate::Client::list_folders) |
//! | [`download`] | `GET …?mode=bin`, `?mode=thumb` | [`get`](crate::Client::get), [`thumbnail`](crate::Client::thumbnail) |
//! | [`upload`] | `POST files/v1/allocate` | [`allocate`](crate::Client::allocate) |
//! | [`upload`] | `POST` to the address that it answers | [`upload`](crate::Client::upload) |
//! | [`direct`] | `POST jfs/{user}/…?umode=nomultipart` on the host for uploads | [`upload_directly`](crate::Client::upload_directly) |
//! | [`trash`] | `GET jfs/{user}/Jotta/Trash` | [`trash`](crate::Client::trash) |
//! | [`trash`] | `POST files/v1/purge_trash` | [`purge_trash`](crate::Client::purge_trash) |
//! | [`shares`] | `GET …?mode=enableShare`, `?mode=disableShare` | [`share`](crate::Client::share), [`unshare`](crate::Client::unshare) |
//! | [`shares`] | `GET jfs/{user}/Jotta/Links`, `…/Latest` | [`links`](crate::Client::links), [`recent`](crate::Client::recent) |
//! | [`albums`] | `GET photos/v1/public/{share}/{cursor}` | [`public_album`](crate::Client::public_album); [`public_photos`](crate::Client::public_photos): 1 for a hundred photos |
//! | [`albums`] | `GET photos/v1/albums/{id}`, and the addresses in it | [`album`](crate::Client::album), [`photo`](crate::Client::photo) |
//! | [`events`] | `GET rest/token/{user}/createToken`, WebSocket `/ws/{user}/{ticket}` | [`events`](crate::Client::events): 2 |

pub mod account;
pub mod albums;
pub mod devices;
pub mod direct;
pub mod download;
pub mod events;
pub mod files;
pub mod listing;
pub mod shares;
pub mod trash;
pub mod upload;
