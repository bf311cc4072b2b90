use std::{net::IpAddr, num::NonZeroU16, time::Duration};

use chrono::{DateTime, FixedOffset, NaiveDate, NaiveDateTime, NaiveTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{document, schema};

/// Every number, id and time that schemars has a format for.
#[derive(Serialize, Deserialize, JsonSchema)]
struct Formats {
    i8: i8,
    i16: i16,
    i32: i32,
    i64: i64,
    isize: isize,
    u8: u8,
    u16: u16,
    u32: u32,
    u64: u64,
    usize: usize,
    f32: f32,
    f64: f64,
    non_zero: NonZeroU16,
    uuid: Uuid,
    ip: IpAddr,
    date_time: DateTime<Utc>,
    with_offset: DateTime<FixedOffset>,
    without_zone: NaiveDateTime,
    date: NaiveDate,
    time: NaiveTime,
    duration: Duration,
    perhaps: Option<i64>,
    list: Vec<DateTime<Utc>>,
}

fn integer(format: &str) -> Value {
    json!({ "type": "integer", "format": format })
}

fn unsigned(format: &str) -> Value {
    json!({ "type": "integer", "format": format, "minimum": 0 })
}

fn text(format: &str) -> Value {
    json!({ "type": "string", "format": format })
}

fn between(format: &str, least: i64, most: i64) -> Value {
    json!({ "type": "integer", "format": format, "minimum": least, "maximum": most })
}

/// What clients are generated from. A format that is new here needs a place in the code generator.
#[test]
fn formats_are_written_as_schemars_names_them() {
    let document = document::<Formats>();
    let members = &document["components"]["schemas"]["Formats"]["properties"];
    let expected = json!({
        "i8": between("int8", -128, 127),
        "i16": between("int16", -32768, 32767),
        "i32": integer("int32"),
        "i64": integer("int64"),
        "isize": integer("int"),
        "u8": between("uint8", 0, 255),
        "u16": between("uint16", 0, 65535),
        "u32": unsigned("uint32"),
        "u64": unsigned("uint64"),
        "usize": unsigned("uint"),
        "f32": { "type": "number", "format": "float" },
        "f64": { "type": "number", "format": "double" },
        "non_zero": between("uint16", 1, 65535),
        "uuid": text("uuid"),
        "ip": text("ip"),
        "date_time": text("date-time"),
        "with_offset": text("date-time"),
        "without_zone": text("partial-date-time"),
        "date": text("date"),
        "time": text("partial-time"),
        "duration": { "$ref": "#/components/schemas/Duration" },
        "perhaps": { "type": ["integer", "null"], "format": "int64" },
        "list": { "type": "array", "items": text("date-time") },
    });
    assert_eq!(*members, expected);
}

#[test]
fn what_serde_writes_fits_them() {
    let instant = DateTime::<Utc>::UNIX_EPOCH;
    let formats = Formats {
        i8: i8::MIN,
        i16: i16::MIN,
        i32: i32::MIN,
        i64: i64::MIN,
        isize: isize::MIN,
        u8: u8::MAX,
        u16: u16::MAX,
        u32: u32::MAX,
        u64: u64::MAX,
        usize: usize::MAX,
        f32: 0.5,
        f64: -1e300,
        non_zero: NonZeroU16::MIN,
        uuid: Uuid::nil(),
        ip: IpAddr::from([127, 0, 0, 1]),
        date_time: instant,
        with_offset: instant.fixed_offset(),
        without_zone: instant.naive_utc(),
        date: instant.date_naive(),
        time: instant.time(),
        duration: Duration::from_millis(1500),
        perhaps: None,
        list: vec![instant],
    };
    let schema = schema(&document::<Formats>(), "Formats");
    let validator =
        jsonschema::draft7::options().should_validate_formats(true).build(&schema).unwrap();
    let written = serde_json::to_value(&formats).unwrap();
    let faults: Vec<_> = validator.iter_errors(&written).map(|fault| fault.to_string()).collect();
    assert!(faults.is_empty(), "{faults:?}");
}
