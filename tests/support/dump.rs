//! Dumps taken apart and put together again without the code under test: arrays as C-order little-endian bytes, written as
//! `np.save` and `np.savez` would, or with one thing wrong.

use std::io::{Cursor, Read as _, Write as _};

use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipArchive, ZipWriter};

/// An array.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Plain {
    /// The name of its member, without `.npy`.
    pub(crate) name: String,
    /// As NumPy writes it: `<f4`.
    pub(crate) descr: String,
    pub(crate) shape: Vec<u64>,
    /// In C order and the byte order of `descr`.
    pub(crate) data: Vec<u8>,
    /// Whether it is written in Fortran order.
    pub(crate) fortran: bool,
}

impl Plain {
    /// Bytes of one element.
    pub(crate) fn width(&self) -> usize {
        self.descr[2..].parse().unwrap()
    }

    /// Elements.
    pub(crate) fn len(&self) -> usize {
        self.shape.iter().product::<u64>().try_into().unwrap()
    }

    /// The values as numbers; exact for everything that the tests hold.
    pub(crate) fn values(&self) -> Vec<f64> {
        let each = self.data.chunks_exact(self.width());
        each.map(|bytes| {
            let mut bytes = bytes.to_vec();
            if self.descr.starts_with('>') {
                bytes.reverse();
            }
            number(&self.descr[1..], &bytes)
        })
        .collect()
    }

    /// The same values as another type, little-endian.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the tests hold what fits")]
    pub(crate) fn retyped(&self, descr: &str) -> Self {
        let data = self.values().into_iter().flat_map(|value| match &descr[1..] {
            "f8" => value.to_le_bytes().to_vec(),
            "f4" => (value as f32).to_le_bytes().to_vec(),
            "i8" => (value as i64).to_le_bytes().to_vec(),
            "i4" => (value as i32).to_le_bytes().to_vec(),
            "i2" => (value as i16).to_le_bytes().to_vec(),
            "u1" => vec![value as u8],
            "V2" => (value as f32).to_le_bytes()[2..].to_vec(),
            other => panic!("no such type: {other}"),
        });
        Self { descr: descr.into(), data: data.collect(), ..self.clone() }
    }

    /// The axes in another order, as `numpy.transpose` takes it.
    pub(crate) fn transposed(&self, order: &[usize]) -> Self {
        let width = self.width();
        let strides = strides(&self.shape);
        let shape: Vec<u64> = order.iter().map(|axis| self.shape[*axis]).collect();
        let mut data = Vec::with_capacity(self.data.len());
        for flat in 0..self.len() {
            let index = unravel(flat, &shape);
            let from: usize = order.iter().zip(&index).map(|(axis, at)| strides[*axis] * at).sum();
            data.extend_from_slice(&self.data[from * width..(from + 1) * width]);
        }
        Self { shape, data, ..self.clone() }
    }

    /// With every value's bytes turned around.
    pub(crate) fn swapped(&self) -> Self {
        let data = self.data.chunks_exact(self.width()).flat_map(|bytes| bytes.iter().rev().copied());
        Self { descr: self.descr.replace('<', ">"), data: data.collect(), ..self.clone() }
    }

    /// The file that `np.save` writes.
    pub(crate) fn npy(&self) -> Vec<u8> {
        let sizes: Vec<String> = self.shape.iter().map(u64::to_string).collect();
        let shape = if sizes.len() == 1 { format!("{},", sizes[0]) } else { sizes.join(", ") };
        let shape = format!("({shape})");
        if self.fortran {
            // The transpose in C order is the array in Fortran order.
            let back: Vec<usize> = (0..self.shape.len()).rev().collect();
            return npy(&self.descr, true, &shape, &self.transposed(&back).data);
        }
        npy(&self.descr, false, &shape, &self.data)
    }

    /// What `np.save` wrote. Panics on anything that it would not write for a plain array.
    pub(crate) fn read(name: &str, bytes: &[u8]) -> Self {
        assert_eq!(&bytes[..8], b"\x93NUMPY\x01\x00", "{name}");
        let length = 10 + usize::from(u16::from_le_bytes([bytes[8], bytes[9]]));
        let text = std::str::from_utf8(&bytes[10..length]).unwrap();
        let after = |key: &str| text.split_once(key).unwrap_or_else(|| panic!("{text}")).1;
        let descr = after("'descr': '").split('\'').next().unwrap().to_owned();
        let shape = after("'shape': (").split(')').next().unwrap();
        let shape: Vec<u64> = shape.split(',').filter_map(|size| size.trim().parse().ok()).collect();
        let fortran = after("'fortran_order': ").starts_with("True");
        let plain = Self { name: name.into(), descr, shape, data: bytes[length..].to_vec(), fortran: false };
        assert!(!fortran, "{name} is in Fortran order");
        assert_eq!(plain.data.len(), plain.len() * plain.width(), "{name}: {text}");
        plain
    }
}

fn number(descr: &str, bytes: &[u8]) -> f64 {
    match descr {
        "f8" => f64::from_le_bytes(bytes.try_into().unwrap()),
        "f4" => f64::from(f32::from_le_bytes(bytes.try_into().unwrap())),
        #[allow(clippy::cast_precision_loss, reason = "the tests hold small numbers")]
        "i8" => i64::from_le_bytes(bytes.try_into().unwrap()) as f64,
        "i4" => f64::from(i32::from_le_bytes(bytes.try_into().unwrap())),
        "i2" => f64::from(i16::from_le_bytes(bytes.try_into().unwrap())),
        "u1" | "b1" => f64::from(bytes[0]),
        other => panic!("no such type: {other}"),
    }
}

fn strides(shape: &[u64]) -> Vec<usize> {
    let mut strides = vec![1; shape.len()];
    for axis in (0..shape.len().saturating_sub(1)).rev() {
        strides[axis] = strides[axis + 1] * usize::try_from(shape[axis + 1]).unwrap();
    }
    strides
}

fn unravel(mut flat: usize, shape: &[u64]) -> Vec<usize> {
    let mut index = vec![0; shape.len()];
    for (at, size) in index.iter_mut().zip(shape).rev() {
        let size = usize::try_from(*size).unwrap();
        *at = flat % size;
        flat /= size;
    }
    index
}

/// A .npy of that header, with that data behind it.
pub(crate) fn npy(descr: &str, fortran: bool, shape: &str, data: &[u8]) -> Vec<u8> {
    let fortran = if fortran { "True" } else { "False" };
    let header = format!("{{'descr': '{descr}', 'fortran_order': {fortran}, 'shape': {shape}, }}");
    let padded = (10 + header.len() + 1).next_multiple_of(64) - 10;
    let mut out = b"\x93NUMPY\x01\x00".to_vec();
    out.extend(u16::try_from(padded).unwrap().to_le_bytes());
    out.extend(format!("{header:<width$}\n", width = padded - 1).as_bytes());
    out.extend(data);
    out
}

/// The arrays of an archive, in order. Members that are no `.npy` are left out.
pub(crate) fn read_npz(bytes: &[u8]) -> Vec<Plain> {
    let mut archive = ZipArchive::new(Cursor::new(bytes)).unwrap();
    let mut arrays = Vec::new();
    for index in 0..archive.len() {
        let mut member = archive.by_index(index).unwrap();
        let name = member.name().unwrap().into_owned();
        let mut bytes = Vec::new();
        member.read_to_end(&mut bytes).unwrap();
        if let Some(key) = name.strip_suffix(".npy").filter(|_| !name.starts_with("__MACOSX")) {
            arrays.push(Plain::read(key, &bytes));
        }
    }
    arrays
}

/// An archive of these members.
pub(crate) fn write_npz(members: &[(String, Vec<u8>)], deflated: bool) -> Vec<u8> {
    let method = if deflated { CompressionMethod::Deflated } else { CompressionMethod::Stored };
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in members {
        zip.start_file(name.as_str(), SimpleFileOptions::default().compression_method(method)).unwrap();
        zip.write_all(bytes).unwrap();
    }
    zip.finish().unwrap().into_inner()
}
