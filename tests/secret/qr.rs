//! QR codes: text to modules to picture to text, and the drawing for the terminal.

use glasskey::qr::{BadPicture, MAX_SIDE, Matrix, TooLong, decode_picture, matrix, render};
use png::{BitDepth, ColorType};
use proptest::prelude::*;

const URI: &str = "otpauth://totp/Amazon%20Web%20Services:alice@123456789012?\
                   secret=JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP&issuer=Amazon%20Web%20Services";

/// Grey pixels, white where nothing is drawn.
struct Canvas {
    width: usize,
    height: usize,
    pixels: Vec<u8>,
}

impl Canvas {
    fn new(width: usize, height: usize) -> Self {
        Self { width, height, pixels: vec![255; width * height] }
    }

    fn draw(&mut self, code: &Matrix, left: usize, top: usize, scale: usize) {
        for y in 0..code.size() * scale {
            for x in 0..code.size() * scale {
                if code.is_dark(x / scale, y / scale) {
                    self.pixels[(top + y) * self.width + left + x] = 0;
                }
            }
        }
    }

    fn of(text: &str, scale: usize) -> Self {
        let code = matrix(text).unwrap();
        let side = (code.size() + 8) * scale;
        let mut canvas = Self::new(side, side);
        canvas.draw(&code, 4 * scale, 4 * scale, scale);
        canvas
    }

    fn png(&self) -> Vec<u8> {
        self.png_as(ColorType::Grayscale, BitDepth::Eight, |grey| vec![grey])
    }

    fn png_as(&self, color: ColorType, depth: BitDepth, pixel: impl Fn(u8) -> Vec<u8>) -> Vec<u8> {
        let data: Vec<u8> = self.pixels.iter().flat_map(|grey| pixel(*grey)).collect();
        png_of(self.width, self.height, color, depth, &data)
    }
}

fn png_of(width: usize, height: usize, color: ColorType, depth: BitDepth, data: &[u8]) -> Vec<u8> {
    let mut file = Vec::new();
    let mut encoder = png::Encoder::new(&mut file, width as u32, height as u32);
    encoder.set_color(color);
    encoder.set_depth(depth);
    if color == ColorType::Indexed {
        encoder.set_palette(vec![0, 0, 0, 255, 255, 255]);
    }
    let mut writer = encoder.write_header().unwrap();
    writer.write_image_data(data).unwrap();
    writer.finish().unwrap();
    file
}

fn texts(png: &[u8]) -> Result<Vec<String>, BadPicture> {
    let codes = decode_picture(png)?;
    assert!(!codes.more, "every code of the tests is whole");
    let found = codes.texts;
    Ok(found.iter().map(|text| String::from_utf8(text.to_vec()).unwrap()).collect())
}

#[test]
fn what_is_drawn_is_read_at_every_scale() {
    for scale in [1, 2, 3, 4, 7, 10] {
        assert_eq!(texts(&Canvas::of(URI, scale).png()), Ok(vec![URI.to_owned()]), "scale {scale}");
    }
}

#[test]
fn every_colour_type_and_depth() {
    let canvas = Canvas::of(URI, 4);
    let double = |byte: u8| [byte, byte];
    let pictures = [
        ("grey 16", canvas.png_as(ColorType::Grayscale, BitDepth::Sixteen, |g| double(g).to_vec())),
        ("grey alpha", canvas.png_as(ColorType::GrayscaleAlpha, BitDepth::Eight, |g| vec![g, 255])),
        ("rgb", canvas.png_as(ColorType::Rgb, BitDepth::Eight, |g| vec![g, g, g])),
        ("rgb 16", canvas.png_as(ColorType::Rgb, BitDepth::Sixteen, |g| vec![g; 6])),
        ("rgba", canvas.png_as(ColorType::Rgba, BitDepth::Eight, |g| vec![g, g, g, 255])),
        ("dark blue on yellow", canvas.png_as(ColorType::Rgb, BitDepth::Eight, |g| vec![g, g, 64])),
        ("palette", canvas.png_as(ColorType::Indexed, BitDepth::Eight, |g| vec![u8::from(g > 0)])),
        // Black everywhere, and opaque only where the modules are: a logo-style export.
        ("transparent ground", canvas.png_as(ColorType::Rgba, BitDepth::Eight, |g| vec![0, 0, 0, 255 - g])),
    ];
    for (name, png) in pictures {
        assert_eq!(texts(&png), Ok(vec![URI.to_owned()]), "{name}");
    }
    let rows = canvas.pixels.chunks(canvas.width);
    let packed: Vec<u8> = rows
        .flat_map(|row| {
            row.chunks(8)
                .map(|eight| (0..8).fold(0, |byte, bit| byte << 1 | u8::from(eight.get(bit).is_some_and(|g| *g > 0))))
        })
        .collect();
    for color in [ColorType::Grayscale, ColorType::Indexed] {
        let png = png_of(canvas.width, canvas.height, color, BitDepth::One, &packed);
        assert_eq!(texts(&png), Ok(vec![URI.to_owned()]), "one bit, {color:?}");
    }
}

/// As many accounts as an app puts into one code.
fn export() -> String {
    let letters = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    let mut state = 7u64;
    let data = std::iter::repeat_with(|| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        char::from(letters[(state >> 40) as usize % letters.len()])
    });
    let data = data.take(790).collect::<String>();
    format!("otpauth-migration://offline?data={data}")
}

impl Canvas {
    /// Another picture of this one: `from` tells for a pixel of the new where it lies in the old. Between pixels the
    /// light is interpolated; outside all is white.
    fn seen(&self, width: usize, height: usize, from: impl Fn(f64, f64) -> (f64, f64)) -> Self {
        let at = |x: f64, y: f64| {
            let inside = x >= 0.0 && y >= 0.0 && x < self.width as f64 && y < self.height as f64;
            if inside { f64::from(self.pixels[y as usize * self.width + x as usize]) } else { 255.0 }
        };
        let mut canvas = Self::new(width, height);
        for (index, pixel) in canvas.pixels.iter_mut().enumerate() {
            let (x, y) = from((index % width) as f64, (index / width) as f64);
            let (left, upper) = (x.floor(), y.floor());
            let (right, lower) = (x - left, y - upper);
            let light = at(left, upper) * (1.0 - right) * (1.0 - lower)
                + at(left + 1.0, upper) * right * (1.0 - lower)
                + at(left, upper + 1.0) * (1.0 - right) * lower
                + at(left + 1.0, upper + 1.0) * right * lower;
            *pixel = light.round() as u8;
        }
        canvas
    }

    fn enlarged(&self, by: f64) -> Self {
        let side = |side: usize| (side as f64 * by) as usize;
        self.seen(side(self.width), side(self.height), |x, y| ((x + 0.5) / by - 0.5, (y + 0.5) / by - 0.5))
    }

    fn turned(&self, degrees: f64) -> Self {
        let (sin, cos) = degrees.to_radians().sin_cos();
        let side = self.width as f64 * (sin.abs() + cos.abs());
        let (middle, old) = (side / 2.0, self.width as f64 / 2.0);
        self.seen(side.ceil() as usize, side.ceil() as usize, |x, y| {
            let (x, y) = (x - middle, y - middle);
            (cos * x + sin * y + old, cos * y - sin * x + old)
        })
    }

    /// As a camera sees it that is not held straight: in perspective, blurred, unevenly lit, grey, with noise.
    fn photographed(&self, tilt: f64, degrees: f64, light: f64) -> Self {
        let turned = self.turned(degrees);
        let (width, height) = (turned.width as f64, turned.height as f64);
        let mut photo = turned.seen(turned.width, turned.height, |x, y| {
            let (x, y) = (x / width - 0.5, y / height - 0.5);
            let near = 1.4 / (1.0 + tilt * (1.5 * y + 0.7 * x));
            ((x * near + 0.5) * width, (y * near + 0.5) * height)
        });
        photo = photo.seen(photo.width, photo.height, |x, y| (x + 0.5, y + 0.5));
        let mut state = 1u64;
        for (index, pixel) in photo.pixels.iter_mut().enumerate() {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let noise = (state >> 33) as f64 / f64::from(1u32 << 31) * 20.0 - 10.0;
            let fall = 1.0 - light * (index % photo.width) as f64 / width;
            *pixel = ((40.0 + f64::from(*pixel) * 0.75) * fall + noise).clamp(0.0, 255.0) as u8;
        }
        photo
    }
}

#[test]
fn an_export_of_ten_accounts_is_read_enlarged_with_soft_edges() {
    let (text, mut wrong) = (export(), Vec::new());
    let drawn = Canvas::of(&text, 3);
    for scale in (0..40).step_by(3).map(|nth| 1.0 + f64::from(nth) * 0.05) {
        if texts(&drawn.enlarged(scale).png()) != Ok(vec![text.clone()]) {
            wrong.push(scale);
        }
    }
    assert!(wrong.is_empty(), "not read: {wrong:?}");
}

#[test]
fn turned_codes_are_read() {
    for text in [URI, &export()] {
        for degrees in [5.0, 10.0, 20.0, 45.0, 90.0, 270.0, 350.0] {
            let picture = Canvas::of(text, 5).turned(degrees).png();
            assert_eq!(texts(&picture), Ok(vec![text.to_owned()]), "{degrees} degrees");
        }
    }
}

#[test]
fn photographs_are_read() {
    for text in [URI, &export()] {
        for (tilt, degrees, light) in [
            (0.1, 2.0, 0.3),
            (0.2, -4.0, 0.4),
            (0.15, 8.0, 0.4),
            (0.2, 3.0, 0.5),
            (0.15, -12.0, 0.5),
            (0.05, 95.0, 0.6),
        ] {
            let photo = Canvas::of(text, 8).photographed(tilt, degrees, light).png();
            assert_eq!(texts(&photo), Ok(vec![text.to_owned()]), "{tilt}, {degrees} degrees, {light}");
        }
    }
}

#[test]
fn a_code_that_is_there_twice_is_told_once() {
    let mut canvas = Canvas::new(900, 400);
    canvas.draw(&matrix("the same").unwrap(), 40, 40, 6);
    canvas.draw(&matrix("the same").unwrap(), 500, 120, 7);
    assert_eq!(texts(&canvas.png()), Ok(vec!["the same".to_owned()]));
}

/// Of the other code a part is missing: cut off, covered, or light on dark.
#[test]
fn another_code_that_cannot_be_read_is_not_passed_over() {
    let two = || {
        let mut canvas = Canvas::new(1000, 480);
        canvas.draw(&matrix(URI).unwrap(), 30, 30, 7);
        canvas.draw(&matrix("another").unwrap(), 600, 60, 9);
        canvas
    };
    let whole = decode_picture(&two().png()).unwrap();
    assert_eq!((whole.texts.len(), whole.more), (2, false));
    for (left, top) in [(600, 60), (720, 60), (600, 180)] {
        let mut covered = two();
        (top..top + 80).for_each(|y| (left..left + 80).for_each(|x| covered.pixels[y * 1000 + x] = 255));
        let codes = decode_picture(&covered.png()).unwrap();
        assert_eq!((codes.texts.len(), codes.more), (1, true), "{left}, {top}");
    }
    let mut inverted = two();
    (0..480).for_each(|y| (560..1000).for_each(|x| inverted.pixels[y * 1000 + x] ^= 255));
    assert_eq!(decode_picture(&inverted.png()).unwrap().texts.len(), 2);
}

#[test]
fn light_on_dark() {
    let mut canvas = Canvas::of(URI, 4);
    canvas.pixels.iter_mut().for_each(|grey| *grey = 255 - *grey);
    assert_eq!(texts(&canvas.png()), Ok(vec![URI.to_owned()]));
}

#[test]
fn all_codes_of_a_picture() {
    let mut canvas = Canvas::new(900, 400);
    canvas.draw(&matrix("the first").unwrap(), 40, 40, 6);
    canvas.draw(&matrix("the second").unwrap(), 500, 120, 7);
    let mut found = texts(&canvas.png()).unwrap();
    found.sort();
    assert_eq!(found, ["the first", "the second"]);
}

#[test]
fn a_picture_without_a_code() {
    assert_eq!(texts(&Canvas::new(200, 100).png()), Err(BadPicture::NoQrCode));
    assert_eq!(texts(&Canvas::new(1, 1).png()), Err(BadPicture::NoQrCode));
}

#[test]
fn a_code_painted_over_is_unreadable() {
    let mut canvas = Canvas::of(URI, 6);
    let (width, height) = (canvas.width, canvas.height);
    for y in height * 2 / 5..height * 3 / 5 {
        canvas.pixels[y * width + width / 5..y * width + width * 4 / 5].fill(0);
    }
    assert_eq!(texts(&canvas.png()), Err(BadPicture::Unreadable));
}

#[test]
fn not_a_png_or_only_the_beginning_of_one() {
    for bytes in [&b""[..], b"\x89PN", b"\xff\xd8", b"GIF89a", URI.as_bytes()] {
        assert_eq!(texts(bytes), Err(BadPicture::NotAPicture));
    }
    assert_eq!(texts(b"\xff\xd8\xff\xe0 JFIF"), Err(BadPicture::Damaged));
    let png = Canvas::of(URI, 4).png();
    for len in [8, 20, 33, png.len() / 2] {
        assert_eq!(texts(&png[..len]), Err(BadPicture::Damaged), "{len} bytes of {}", png.len());
    }
    let mut flipped = png.clone();
    flipped[20] ^= 1;
    assert_eq!(texts(&flipped), Err(BadPicture::Damaged), "a checksum that does not fit");
}

/// The first 33 bytes of a PNG that says it is this large, with a checksum that fits.
fn header(width: u32, height: u32) -> Vec<u8> {
    let mut file = Vec::new();
    let mut encoder = png::Encoder::new(&mut file, width, height);
    encoder.set_color(ColorType::Rgba);
    drop(encoder.write_header().unwrap());
    file.truncate(33);
    file
}

#[test]
fn a_picture_that_is_too_large_is_refused_by_its_header_alone() {
    for (width, height) in [(MAX_SIDE + 1, 1), (1, MAX_SIDE + 1), (8001, 8000), (u32::MAX >> 1, u32::MAX >> 1)] {
        assert_eq!(texts(&header(width, height)), Err(BadPicture::TooLarge { width, height }));
    }
    assert_eq!(texts(&header(8000, 8000)), Err(BadPicture::Damaged), "the largest is looked at");
}

/// What a camera sees of the drawing: each character two pixels, one above the other.
fn photograph(drawing: &str, scale: usize) -> Canvas {
    let lines: Vec<Vec<char>> = drawing
        .lines()
        .map(|line| {
            let ink = line.strip_prefix("\x1b[38;5;16;48;5;231m").expect("colours set on every line");
            ink.strip_suffix("\x1b[0m").expect("and reset").chars().collect()
        })
        .collect();
    let mut canvas = Canvas::new(lines[0].len() * scale, 2 * lines.len() * scale);
    for y in 0..canvas.height {
        for x in 0..canvas.width {
            let upper = (y / scale).is_multiple_of(2);
            let dark = match lines[y / scale / 2][x / scale] {
                ' ' => false,
                '▀' => upper,
                '▄' => !upper,
                '█' => true,
                other => panic!("{other:?}"),
            };
            canvas.pixels[y * canvas.width + x] = if dark { 0 } else { 255 };
        }
    }
    canvas
}

#[test]
fn the_terminals_drawing_scans() {
    let code = matrix(URI).unwrap();
    let drawing = code.render();
    let (columns, lines) = code.columns_and_lines();
    assert_eq!(drawing.lines().count(), lines);
    assert_eq!(photograph(&drawing, 1).width, columns);
    assert_eq!(texts(&photograph(&drawing, 5).png()), Ok(vec![URI.to_owned()]));
    assert_eq!(*render(URI).unwrap(), *drawing);
}

#[test]
fn the_drawing_has_a_quiet_zone_of_four_modules() {
    let canvas = photograph(&render("x").unwrap(), 1);
    let side = canvas.width;
    assert_eq!(side, 21 + 8);
    let light = |x: usize, y: usize| canvas.pixels[y * side + x] == 255;
    for along in 0..side {
        for across in 0..4 {
            assert!(light(along, across) && light(across, along));
            assert!(light(along, side - 1 - across) && light(side - 1 - across, along));
        }
    }
    assert!(!light(4, 4), "the finder's corner");
}

#[test]
fn the_code_of_an_aws_seed_fits_a_terminal_of_80_by_24() {
    let uri = format!("otpauth://totp/AWS:123456789012%2Falice?secret={}&issuer=AWS", "JBSWY3DPEHPK3PXP".repeat(4));
    assert_eq!(matrix(&uri).unwrap().columns_and_lines(), (45, 23));
    assert_eq!(texts(&Canvas::of(&uri, 3).png()), Ok(vec![uri]));
}

#[test]
fn runs_of_capitals_and_digits_come_back_in_place() {
    let run = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
    for text in [run.to_owned(), format!("é{run}"), format!("{run}é"), format!("a{run}b{run}c"), format!("A-{run}-A")]
    {
        assert_eq!(texts(&Canvas::of(&text, 3).png()), Ok(vec![text]));
    }
}

#[test]
fn a_text_has_its_limit() {
    assert!(matrix(&"x".repeat(2953)).is_ok());
    assert_eq!(matrix(&"x".repeat(2954)).err(), Some(TooLong));
    assert_eq!(render(&"x".repeat(5000)).err(), Some(TooLong));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn any_text_survives(text in "\\PC{1,120}") {
        prop_assert_eq!(texts(&Canvas::of(&text, 3).png()), Ok(vec![text]));
    }

    #[test]
    fn any_capitals_survive(text in "[A-Z0-9a: ]{1,120}") {
        prop_assert_eq!(texts(&Canvas::of(&text, 3).png()), Ok(vec![text]));
    }

    #[test]
    fn scratched_pictures_never_panic(scratches in prop::collection::vec((0usize..116, 0usize..116, 1usize..30, any::<u8>()), 1..12)) {
        let mut canvas = Canvas::of("a text", 4);
        for (x, y, len, grey) in scratches {
            for step in 0..len {
                let (x, y) = ((x + step) % canvas.width, (y + step / 2) % canvas.height);
                canvas.pixels[y * canvas.width + x] = grey;
                canvas.pixels[x * canvas.width + y] = 255 - grey;
            }
        }
        match texts(&canvas.png()) {
            Ok(found) => prop_assert_eq!(found, ["a text"]),
            Err(error) => prop_assert!(matches!(error, BadPicture::NoQrCode | BadPicture::Unreadable)),
        }
    }

    #[test]
    fn damaged_files_never_panic(at in prop::collection::vec((8usize..2000, any::<u8>()), 1..6)) {
        let mut png = Canvas::of("a text", 4).png();
        let len = png.len();
        at.iter().for_each(|(at, byte)| png[8 + at % (len - 8)] ^= byte);
        if let Ok(found) = decode_picture(&png) {
            prop_assert!(!found.texts.is_empty());
        }
    }
}
