//! Parts of files: which are asked for, and which an answer delivers.

use std::ops::Range;

use bytes::Bytes;
use futures::{StreamExt as _, stream, stream::BoxStream};

use super::Response;
use crate::error::{Error, ErrorKind, Result};

/// Which bytes of a file.
#[derive(Clone, Debug, Eq, PartialEq)]
#[expect(clippy::exhaustive_enums, reason = "the forms that HTTP has")]
pub enum ByteRange {
    /// From an offset to the end.
    From(u64),
    /// This many bytes at the end. The service refuses more than the file has.
    Last(u64),
    /// Half open: the second offset is not part of it. What lies beyond the end of the file is left out.
    Window(Range<u64>),
}

impl ByteRange {
    /// The value of the `Range` header.
    ///
    /// # Errors
    ///
    /// [`InvalidInput`](ErrorKind::InvalidInput) for a window without a byte in it.
    pub fn to_header(&self) -> Result<String> {
        header_of(self)
    }
}

fn header_of(range: &ByteRange) -> Result<String> {
    Ok(match range {
        ByteRange::From(start) => format!("bytes={start}-"),
        ByteRange::Last(count) => format!("bytes=-{count}"),
        ByteRange::Window(window) => match window.end.checked_sub(1) {
            Some(last) => format!("bytes={}-{last}", window.start),
            None => {
                return Err(Error::with_message(
                    ErrorKind::InvalidInput,
                    "an empty range of bytes",
                ));
            }
        },
    })
}

/// What of a content an answer delivers.
#[non_exhaustive]
#[derive(Debug, Default, Eq, PartialEq)]
pub struct Window {
    /// Size of the whole content in bytes, where known.
    pub total: Option<u64>,
    /// Which bytes of the content are delivered, half open; absent when the size is not known.
    pub range: Option<Range<u64>>,
    /// Bytes to leave out at the beginning, and bytes to deliver after them.
    cut: Option<(u64, u64)>,
}

impl Window {
    /// Finds out what an answer delivers; `size` is that of the whole content, where more is known than the answer's own length.
    ///
    /// # Errors
    ///
    /// [`Protocol`](ErrorKind::Protocol) if it is another part than the one that was asked for, [`InvalidInput`](ErrorKind::InvalidInput) if that lies
    /// outside the content.
    pub fn of(response: &Response, asked: Option<&ByteRange>, size: Option<u64>) -> Result<Self> {
        let length = response.content_length();
        if response.status().as_u16() == 206 {
            let header = response
                .header("content-range")
                .and_then(|value| std::str::from_utf8(value).ok());
            return partial(header, length, asked);
        }
        let total = length.or_else(|| size.filter(|_size| asked.is_some()));
        whole(total, asked)
    }

    /// The bytes that were asked for, cut out of a body with more of them.
    #[must_use]
    pub fn cut_out(
        &self,
        body: BoxStream<'static, Result<Bytes>>,
    ) -> BoxStream<'static, Result<Bytes>> {
        match self.cut {
            Some((skip, take)) => cut(body, skip, take),
            None => body,
        }
    }
}

/// The window of an answer that says which part it is.
fn partial(header: Option<&str>, length: Option<u64>, asked: Option<&ByteRange>) -> Result<Window> {
    let wrong = |what: &str| Err(Error::with_message(ErrorKind::Protocol, what));
    let Some(asked) = asked else {
        return wrong("a part was answered where the whole was asked for");
    };
    let Some((range, total)) = header.and_then(parse_content_range) else {
        return wrong("the part that was answered is not named");
    };
    let expected = match (asked, total) {
        (ByteRange::From(start), Some(total)) => *start..total,
        (ByteRange::From(start), None) => *start..range.end,
        (ByteRange::Last(count), Some(total)) => total.saturating_sub(*count)..total,
        (ByteRange::Last(_), None) => range.clone(),
        (ByteRange::Window(window), Some(total)) => window.start..window.end.min(total),
        (ByteRange::Window(window), None) => window.clone(),
    };
    if range != expected {
        return wrong("another part was answered than was asked for");
    }
    if length.is_some_and(|length| length != range.end - range.start) {
        return wrong("the length of the answer is not that of its part");
    }
    Ok(Window {
        total,
        range: Some(range),
        cut: None,
    })
}

/// The window of an answer with the whole content, whether that was asked for or a range was ignored.
fn whole(total: Option<u64>, asked: Option<&ByteRange>) -> Result<Window> {
    let outside = || {
        Err(Error::with_message(
            ErrorKind::InvalidInput,
            "the range lies outside the file",
        ))
    };
    let range = match (asked, total) {
        (None, total) => {
            return Ok(Window {
                total,
                range: total.map(|total| 0..total),
                cut: None,
            });
        }
        (Some(ByteRange::Last(_)), None) => {
            return Err(Error::with_message(
                ErrorKind::Protocol,
                "the whole file was answered, without its size, where its end was asked for",
            ));
        }
        (Some(ByteRange::From(start)), None) => {
            return Ok(Window {
                cut: Some((*start, u64::MAX)),
                ..Window::default()
            });
        }
        (Some(ByteRange::Window(window)), None) => {
            return Ok(Window {
                cut: Some((window.start, window.end - window.start)),
                ..Window::default()
            });
        }
        (Some(ByteRange::From(start)), Some(total)) if *start <= total => *start..total,
        (Some(ByteRange::Last(count)), Some(total)) => total.saturating_sub(*count)..total,
        (Some(ByteRange::Window(window)), Some(total)) if window.start <= total => {
            window.start..window.end.min(total)
        }
        (Some(_), Some(_)) => return outside(),
    };
    // Only an empty file has an empty part.
    if range.is_empty() && total != Some(0) {
        return outside();
    }
    Ok(Window {
        total,
        cut: Some((range.start, range.end - range.start)),
        range: Some(range),
    })
}

/// Reads `bytes a-b/total`, where the total may be `*`.
fn parse_content_range(text: &str) -> Option<(Range<u64>, Option<u64>)> {
    let (range, total) = text.trim().strip_prefix("bytes ")?.split_once('/')?;
    let (first, last) = range.trim().split_once('-')?;
    let (first, last): (u64, u64) = (first.parse().ok()?, last.parse().ok()?);
    let total = match total.trim() {
        "*" => None,
        total => Some(total.parse().ok()?),
    };
    let end = last.checked_add(1)?;
    let is_possible = first < end && total.is_none_or(|total| end <= total);
    is_possible.then_some((first..end, total))
}

/// The bytes of a body after the first `skip`, at most `take`. The rest is not fetched.
fn cut(
    body: BoxStream<'static, Result<Bytes>>,
    skip: u64,
    take: u64,
) -> BoxStream<'static, Result<Bytes>> {
    stream::unfold(
        (body, skip, take),
        |(mut body, mut skip, take)| async move {
            if take == 0 {
                return None;
            }
            loop {
                let mut piece = match body.next().await? {
                    Ok(piece) => piece,
                    Err(error) => return Some((Err(error), (stream::empty().boxed(), 0, 0))),
                };
                let dropped =
                    usize::try_from(skip).map_or(piece.len(), |skip| skip.min(piece.len()));
                let _before = piece.split_to(dropped);
                skip -= dropped as u64;
                if piece.is_empty() {
                    continue;
                }
                if let Ok(take) = usize::try_from(take) {
                    piece.truncate(take);
                }
                let take = take - piece.len() as u64;
                return Some((Ok(piece), (body, skip, take)));
            }
        },
    )
    .boxed()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_ranges_are_read_and_nonsense_is_not() {
        assert_eq!(parse_content_range("bytes 2-4/10"), Some((2..5, Some(10))));
        assert_eq!(parse_content_range("bytes 0-0/*"), Some((0..1, None)));
        for text in [
            "bytes 0-18446744073709551615/0",
            "bytes 4-2/10",
            "bytes 0-10/10",
            "bytes */10",
            "items 0-1/2",
            "bytes -1-2/3",
            "",
        ] {
            assert_eq!(parse_content_range(text), None, "{text}");
        }
    }

    #[test]
    fn a_part_must_be_the_one_that_was_asked_for() {
        let asked = ByteRange::Window(2..5);
        let window = partial(Some("bytes 2-4/10"), Some(3), Some(&asked)).unwrap();
        assert_eq!((window.range, window.total), (Some(2..5), Some(10)));
        let clipped = partial(
            Some("bytes 8-9/10"),
            Some(2),
            Some(&ByteRange::Window(8..100)),
        )
        .unwrap();
        assert_eq!(clipped.range, Some(8..10));
        let last = partial(Some("bytes 7-9/10"), None, Some(&ByteRange::Last(3))).unwrap();
        assert_eq!(last.range, Some(7..10));
        for (header, length) in [
            (Some("bytes 3-4/10"), None),
            (Some("bytes 2-3/10"), None),
            (Some("bytes 2-4/10"), Some(4)),
            (None, Some(3)),
        ] {
            let error = partial(header, length, Some(&asked)).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Protocol, "{header:?}");
        }
        assert!(partial(Some("bytes 0-9/10"), None, None).is_err());
    }

    #[test]
    fn an_ignored_range_is_cut_out_of_the_whole() {
        let cut_of = |asked: ByteRange, total| whole(total, Some(&asked)).map(|window| window.cut);
        assert_eq!(
            cut_of(ByteRange::Window(2..5), Some(10)).unwrap(),
            Some((2, 3))
        );
        assert_eq!(
            cut_of(ByteRange::Window(8..100), Some(10)).unwrap(),
            Some((8, 2))
        );
        assert_eq!(cut_of(ByteRange::Last(3), Some(10)).unwrap(), Some((7, 3)));
        assert_eq!(
            cut_of(ByteRange::From(4), None).unwrap(),
            Some((4, u64::MAX))
        );
        assert_eq!(cut_of(ByteRange::From(0), Some(0)).unwrap(), Some((0, 0)));
        assert!(cut_of(ByteRange::From(10), Some(10)).is_err());
        assert!(cut_of(ByteRange::Last(1), None).is_err());
    }
}
