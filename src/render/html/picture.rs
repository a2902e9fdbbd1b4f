//! Thumbnails: a few rows of an array of images, as the declared axes and the declared range make them.

use std::io;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::super::inspect::number::short_float;
use super::super::safe;
use crate::facts::Stream;
use crate::facts::images::{Album, Basis, Picture, Range};

/// Pixels on the page of the longer side.
const SIDE: u64 = 96;
/// What is neither black nor white nor a colour of the image: NaN, infinity.
const BAD: [u8; 3] = [255, 0, 255];

/// The thumbnails of an array.
pub(super) struct Thumbnails {
    /// How they were drawn, in words.
    pub(super) how: String,
    pub(super) images: Vec<Thumbnail>,
}

/// One of them.
pub(super) struct Thumbnail {
    /// A `data:` URI.
    pub(super) uri: String,
    /// Pixels on the page.
    pub(super) width: u64,
    pub(super) height: u64,
    /// `batch_002.npz[0]`
    pub(super) name: String,
    /// The same with the whole path.
    pub(super) title: String,
    pub(super) blamed: bool,
}

/// The thumbnails of an album; `None` where its bytes could not be read again.
pub(super) fn thumbnails(album: &Album, stream: &Stream<'_>) -> Option<Thumbnails> {
    let first = album.pictures.first()?;
    let images: Vec<Thumbnail> =
        album.pictures.iter().filter_map(|picture| thumbnail(picture, album, stream)).collect();
    (!images.is_empty()).then(|| Thumbnails { how: how(album, first), images })
}

fn thumbnail(picture: &Picture, album: &Album, stream: &Stream<'_>) -> Option<Thumbnail> {
    let png = png(picture, album.range).ok()?;
    let (height, width) = picture.pick.small;
    let longest = height.max(width).max(1);
    let path = stream.batches.get(picture.batch).map_or("", |batch| &*batch.name);
    let file = path.rsplit('/').next().unwrap_or(path);
    Some(Thumbnail {
        uri: format!("data:image/png;base64,{}", STANDARD.encode(png)),
        width: (width * SIDE / longest).max(1),
        height: (height * SIDE / longest).max(1),
        name: format!("{}[{}]", safe(file), picture.row),
        title: format!("{}[{}]", safe(path), picture.row),
        blamed: picture.blamed,
    })
}

/// "NCHW as declared: 16 × 16 pixels, 3 channels drawn as red, green, blue; black is 0 and white is 1, as declared"
fn how(album: &Album, first: &Picture) -> String {
    let basis = |basis: Basis| match basis {
        Basis::Declared => "as declared",
        Basis::Seen => "by the look of the data",
    };
    let (height, width) = first.pick.whole;
    let channels = match (first.pick.channels, first.pick.drawn) {
        (1, _) => "grey".to_owned(),
        (3, _) => "3 channels drawn as red, green, blue".to_owned(),
        (many, 3) => format!("the first 3 of {many} channels drawn as red, green, blue"),
        (many, _) => format!("the first of {many} channels drawn as grey"),
    };
    let Range { low, high, .. } = album.range;
    let axes = format!("{} {}", safe(&album.grid.letters), basis(album.grid.basis));
    let values = album.pictures.iter().flat_map(|picture| &picture.values);
    let bad = values.clone().filter(|value| !value.is_finite()).count();
    let outside = values.filter(|value| value.is_finite() && (**value < low || **value > high)).count();
    let bad = if bad > 0 { "; what is not finite is magenta" } else { "" };
    let outside = if outside > 0 { "; what lies beyond is drawn black or white" } else { "" };
    let (low, high, range) = (short_float(low), short_float(high), basis(album.range.basis));
    format!("{axes}: {height} × {width} pixels, {channels}; black is {low} and white is {high}, {range}{outside}{bad}")
}

/// The picture as a PNG file.
fn png(picture: &Picture, range: Range) -> io::Result<Vec<u8>> {
    let side = |side: u64| u32::try_from(side).map_err(io::Error::other);
    let (height, width) = (side(picture.pick.small.0)?, side(picture.pick.small.1)?);
    let drawn = usize::try_from(picture.pick.drawn).map_err(io::Error::other)?;
    let pixels: Vec<u8> = picture.values.chunks(drawn.max(1)).flat_map(|pixel| colour(pixel, range)).collect();
    let mut file = Vec::new();
    let mut encoder = png::Encoder::new(&mut file, width, height);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    let mut writer = encoder.write_header().map_err(io::Error::other)?;
    writer.write_image_data(&pixels).map_err(io::Error::other)?;
    writer.finish().map_err(io::Error::other)?;
    Ok(file)
}

fn colour(pixel: &[f64], range: Range) -> [u8; 3] {
    if pixel.iter().any(|value| !value.is_finite()) {
        return BAD;
    }
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 0 and 255")]
    let byte = |value: &f64| ((value - range.low) / (range.high - range.low) * 255.0).round().clamp(0.0, 255.0) as u8;
    match pixel {
        [red, green, blue] => [byte(red), byte(green), byte(blue)],
        [grey, ..] => [byte(grey); 3],
        [] => BAD,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::images::Pick;

    #[test]
    fn the_range_decides_the_colours() {
        let range = Range { low: 0.0, high: 1.0, basis: Basis::Declared };
        assert_eq!(colour(&[0.0, 0.5, 1.0], range), [0, 128, 255]);
        assert_eq!(colour(&[-3.0, 200.0, 1.0], range), [0, 255, 255]);
        assert_eq!(colour(&[0.2], range), [51; 3]);
        assert_eq!(colour(&[0.2, f64::NAN, 0.0], range), BAD);
    }

    #[test]
    fn a_picture_is_the_png_of_its_pixels() {
        let pick = Pick { whole: (1, 2), small: (1, 2), channels: 1, drawn: 1, places: vec![0, 1] };
        let picture = Picture { batch: 0, row: 0, blamed: false, pick, values: vec![0.0, 255.0] };
        let file = png(&picture, Range { low: 0.0, high: 255.0, basis: Basis::Seen }).unwrap();
        let mut reader = png::Decoder::new(std::io::Cursor::new(file)).read_info().unwrap();
        let mut pixels = [9; 6];
        let info = reader.next_frame(&mut pixels).unwrap();
        assert_eq!((info.width, info.height, pixels), (2, 1, [0, 0, 0, 255, 255, 255]));
    }
}
