//! What `JSON.parse` made, read as what it stands for. By hand: with what serde derives for a report the module would be 9 KB
//! of brotli larger, with `serde-wasm-bindgen` 13 KB. For the same reason nothing returns early: what is not as it should
//! be is noted, something stands in its place, and whoever asked throws it all away.

use std::fmt;
use std::net::{Ipv4Addr, SocketAddr};

use js_sys::{Array, Reflect};
use serde::de::{Error, Expected, Unexpected};
use wasm_bindgen::{JsCast, JsValue};

/// Entries of any list: more than any test writes. Some of what is rendered takes time by the square of that.
pub(crate) const MAX_ENTRIES: u32 = 2500;

/// Reads a value; an error is the name of a field that is missing, or that holds what it cannot hold.
pub(crate) fn read<T: FromJson>(json: &JsValue) -> Result<T, &'static str> {
    let mut reader = Reader { field: "", odd: None };
    let value = T::read(json, &mut reader);
    reader.odd.map_or(Ok(value), Err)
}

pub(crate) struct Reader {
    /// The field that is being read.
    field: &'static str,
    /// The first that was not as it should be.
    odd: Option<&'static str>,
}

impl Reader {
    pub(crate) fn field<T: FromJson>(&mut self, object: &JsValue, name: &'static str) -> T {
        let outer = std::mem::replace(&mut self.field, name);
        let value = T::read(&self.member(object, name), self);
        self.field = outer;
        value
    }

    #[inline(never)]
    fn member(&mut self, object: &JsValue, name: &str) -> JsValue {
        Reflect::get(object, &JsValue::from_str(name)).unwrap_or(JsValue::UNDEFINED)
    }

    #[inline(never)]
    pub(crate) fn odd(&mut self) {
        self.odd.get_or_insert(self.field);
    }

    /// A whole number that JSON keeps exactly: one of at most 53 bits.
    fn whole(&mut self, value: &JsValue) -> i64 {
        let number = value.as_f64().filter(|number| number.trunc() == *number && number.abs() < 9e15);
        #[expect(clippy::cast_possible_truncation, reason = "it is whole and has 53 bits at most")]
        let number = number.map(|number| number as i64);
        number.unwrap_or_else(|| {
            self.odd();
            0
        })
    }
}

/// What can be read of a value. One that is missing is `undefined`.
pub(crate) trait FromJson {
    fn read(value: &JsValue, reader: &mut Reader) -> Self;
}

/// Reads each field by its own name.
macro_rules! objects {
    ($($object:ident { $($name:ident),* $(,)? })*) => {$(
        impl $crate::json::FromJson for $object {
            fn read(value: &wasm_bindgen::JsValue, reader: &mut $crate::json::Reader) -> Self {
                Self { $($name: reader.field(value, stringify!($name))),* }
            }
        }
    )*};
}
pub(crate) use objects;

impl FromJson for bool {
    fn read(value: &JsValue, reader: &mut Reader) -> Self {
        value.as_bool().unwrap_or_else(|| {
            reader.odd();
            false
        })
    }
}

impl FromJson for String {
    fn read(value: &JsValue, reader: &mut Reader) -> Self {
        value.as_string().unwrap_or_else(|| {
            reader.odd();
            Self::new()
        })
    }
}

impl FromJson for SocketAddr {
    fn read(value: &JsValue, reader: &mut Reader) -> Self {
        String::read(value, reader).parse().unwrap_or_else(|_| {
            reader.odd();
            Self::from((Ipv4Addr::UNSPECIFIED, 0))
        })
    }
}

macro_rules! numbers {
    ($($number:ty)*) => {$(
        impl FromJson for $number {
            fn read(value: &JsValue, reader: &mut Reader) -> Self {
                reader.whole(value).try_into().unwrap_or_else(|_| {
                    reader.odd();
                    0
                })
            }
        }
    )*};
}

numbers! { u16 u32 u64 usize i64 }

impl<T: FromJson> FromJson for Option<T> {
    fn read(value: &JsValue, reader: &mut Reader) -> Self {
        (!value.is_null() && !value.is_undefined()).then(|| T::read(value, reader))
    }
}

impl<T: FromJson> FromJson for Vec<T> {
    fn read(value: &JsValue, reader: &mut Reader) -> Self {
        let Some(list) = value.dyn_ref::<Array>().filter(|list| list.length() <= MAX_ENTRIES) else {
            reader.odd();
            return Self::new();
        };
        list.iter().map(|entry| T::read(&entry, reader)).collect()
    }
}

/// Variants are read by the names that serde knows them by; one of them stands in for what is none.
macro_rules! variants {
    ($($kind:ident::$fallback:ident)*) => {$(
        impl $crate::json::FromJson for $kind {
            fn read(value: &wasm_bindgen::JsValue, reader: &mut $crate::json::Reader) -> Self {
                let name: serde::de::value::StringDeserializer<$crate::json::Unknown> =
                    serde::de::IntoDeserializer::into_deserializer(String::read(value, reader));
                serde::Deserialize::deserialize(name).unwrap_or_else(|$crate::json::Unknown| {
                    reader.odd();
                    Self::$fallback
                })
            }
        }
    )*};
}
pub(crate) use variants;

/// There is no such variant.
#[derive(Debug)]
pub(crate) struct Unknown;

impl Error for Unknown {
    fn custom<T: fmt::Display>(_: T) -> Self {
        Self
    }

    // Without these, the sentences for them would be put together, and be part of the module.
    fn invalid_type(_: Unexpected<'_>, _: &dyn Expected) -> Self {
        Self
    }

    fn invalid_value(_: Unexpected<'_>, _: &dyn Expected) -> Self {
        Self
    }

    fn unknown_variant(_: &str, _: &'static [&'static str]) -> Self {
        Self
    }
}

impl fmt::Display for Unknown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("unknown")
    }
}

impl std::error::Error for Unknown {}
