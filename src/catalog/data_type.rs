//! Type names: one canonical spelling for the many that engines and people use.

/// A coarse family of types, as far as rules care.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TypeFamily {
    /// smallint, integer, bigint.
    Integer,
    /// numeric, money.
    Decimal,
    /// real, double precision.
    Float,
    /// text, character varying, character, citext.
    Text,
    /// uuid.
    Uuid,
    /// boolean.
    Boolean,
    /// timestamp with or without time zone.
    Timestamp,
    /// date.
    Date,
    /// time with or without time zone.
    Time,
    /// interval.
    Interval,
    /// json, jsonb.
    Json,
    /// bytea.
    Bytes,
    /// inet, cidr, macaddr.
    Network,
    /// Any array.
    Array,
    /// A range or multirange.
    Range,
    /// A user's enum.
    Enum,
    /// Anything else.
    Other,
}

impl TypeFamily {
    /// Integer, decimal or float.
    pub fn is_number(self) -> bool {
        matches!(self, Self::Integer | Self::Decimal | Self::Float)
    }
}

/// PostgreSQL's canonical name (that of `format_type`) for a type as written in SQL by a person, `pg_dump` or
/// CockroachDB. `eight_byte_int`: `INT` and `INTEGER` are 8 bytes, as on CockroachDB by default.
/// A name that is not built in comes back as it is, with its spaces folded.
pub fn canonical_type(written: &str, eight_byte_int: bool) -> String {
    let mut text = written.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut dimensions = 0;
    while let Some(open) = text.strip_suffix(']').and_then(|t| t.rfind('[')) {
        text.truncate(open);
        dimensions += 1;
    }
    let (mut name, mut modifier, mut tail) = (text.as_str(), "", "");
    if let (Some(open), Some(close)) = (text.find('('), text.rfind(')'))
        && open < close
    {
        (name, modifier, tail) = (text[..open].trim_end(), &text[open..=close], text[close + 1..].trim());
    }
    let lower = name.to_ascii_lowercase();
    let lower = lower.strip_prefix("pg_catalog.").unwrap_or(&lower);
    let with_zone = tail.eq_ignore_ascii_case("with time zone");
    let modifier = modifier.replace(' ', "");
    let (base, modifier) = match lower {
        "int2" | "smallint" | "smallserial" | "serial2" => ("smallint", String::new()),
        "int" | "integer" | "serial" if eight_byte_int => ("bigint", String::new()),
        "int4" | "int" | "integer" | "serial" | "serial4" => {
            // CockroachDB's SERIAL4 and SERIAL are 8 bytes, too
            let big = eight_byte_int && lower.starts_with("serial");
            (if big { "bigint" } else { "integer" }, String::new())
        }
        "int8" | "int64" | "bigint" | "bigserial" | "serial8" => ("bigint", String::new()),
        "bool" | "boolean" => ("boolean", String::new()),
        "string" | "text" if modifier.is_empty() => ("text", modifier),
        "varchar" | "character varying" | "char varying" | "string" | "national character varying" => {
            ("character varying", modifier)
        }
        "char" if name.starts_with('"') => ("\"char\"", modifier),
        "char" | "character" | "bpchar" | "nchar" => {
            let modifier = if modifier.is_empty() && lower != "bpchar" { "(1)".to_owned() } else { modifier };
            ("character", modifier)
        }
        "numeric" | "decimal" | "dec" => {
            // numeric(10) is numeric(10,0)
            let full = match modifier.strip_suffix(')') {
                Some(m) if !m.contains(',') => format!("{m},0)"),
                _ => modifier,
            };
            ("numeric", full)
        }
        "float" if matches!(modifier.trim_matches(['(', ')']).parse::<u8>(), Ok(1..=24)) => ("real", String::new()),
        "float4" | "real" => ("real", String::new()),
        "float8" | "float" | "double precision" => ("double precision", String::new()),
        "bytes" | "blob" | "bytea" => ("bytea", String::new()),
        // CockroachDB's own; in PostgreSQL they are an extension's, with its schema
        "geometry" | "geography" if eight_byte_int => (lower, modifier.to_ascii_lowercase()),
        "json" if eight_byte_int => ("jsonb", String::new()), // CockroachDB's JSON is an alias of JSONB
        "timestamptz" | "timestamp with time zone" => {
            return dimensioned(&format!("timestamp{modifier} with time zone"), dimensions);
        }
        "timestamp" | "timestamp without time zone" => {
            let zone = if with_zone { "with" } else { "without" };
            return dimensioned(&format!("timestamp{modifier} {zone} time zone"), dimensions);
        }
        "timetz" | "time with time zone" => {
            return dimensioned(&format!("time{modifier} with time zone"), dimensions);
        }
        "time" | "time without time zone" => {
            let zone = if with_zone { "with" } else { "without" };
            return dimensioned(&format!("time{modifier} {zone} time zone"), dimensions);
        }
        "varbit" | "bit varying" => ("bit varying", modifier),
        "bit" => ("bit", if modifier.is_empty() { "(1)".into() } else { modifier }),
        "uuid" | "json" | "jsonb" | "date" | "inet" | "cidr" | "macaddr" | "macaddr8" | "interval" | "money"
        | "oid" | "name" | "xml" | "tsvector" | "tsquery" | "point" | "line" | "lseg" | "box" | "path" | "polygon"
        | "circle" | "regclass" | "int4range" | "int8range" | "numrange" | "tsrange" | "tstzrange" | "daterange" => {
            (lower, modifier)
        }
        // interval day to second(3)
        _ if lower.starts_with("interval ") => (lower, modifier),
        _ => return dimensioned(&text, dimensions),
    };
    dimensioned(&format!("{base}{modifier}"), dimensions)
}

fn dimensioned(base: &str, dimensions: usize) -> String {
    // PostgreSQL does not keep the number of dimensions
    if dimensions > 0 { format!("{base}[]") } else { base.to_owned() }
}

/// The family of a canonical type name.
pub fn family(canonical: &str) -> TypeFamily {
    if canonical.ends_with("[]") {
        return TypeFamily::Array;
    }
    let base = canonical.split('(').next().unwrap_or_default().trim_end();
    match base {
        "smallint" | "integer" | "bigint" => TypeFamily::Integer,
        "numeric" | "money" => TypeFamily::Decimal,
        "real" | "double precision" => TypeFamily::Float,
        "text" | "character varying" | "character" | "name" | "\"char\"" => TypeFamily::Text,
        "uuid" => TypeFamily::Uuid,
        "boolean" => TypeFamily::Boolean,
        "date" => TypeFamily::Date,
        "interval" => TypeFamily::Interval,
        "json" | "jsonb" => TypeFamily::Json,
        "bytea" => TypeFamily::Bytes,
        "inet" | "cidr" | "macaddr" | "macaddr8" => TypeFamily::Network,
        b if b.starts_with("timestamp") => TypeFamily::Timestamp,
        b if b.starts_with("time") => TypeFamily::Time,
        b if b.ends_with("range") => TypeFamily::Range,
        b if b.rsplit('.').next() == Some("citext") => TypeFamily::Text,
        _ => TypeFamily::Other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_meet_in_the_canonical_name() {
        for (written, canonical) in [
            ("INT8", "bigint"),
            ("int", "integer"),
            ("VARCHAR(50)", "character varying(50)"),
            ("STRING", "text"),
            ("STRING(20)", "character varying(20)"),
            ("TIMESTAMPTZ", "timestamp with time zone"),
            ("timestamp(3) with time zone", "timestamp(3) with time zone"),
            ("timestamp(3)", "timestamp(3) without time zone"),
            ("TIMESTAMPTZ(6)", "timestamp(6) with time zone"),
            ("DECIMAL(10, 2)", "numeric(10,2)"),
            ("numeric(10)", "numeric(10,0)"),
            ("char", "character(1)"),
            ("text[][]", "text[]"),
            ("BYTES", "bytea"),
            ("float", "double precision"),
            ("double  precision", "double precision"),
            ("INTERVAL DAY TO SECOND(3)", "interval day to second(3)"),
            ("public.mood", "public.mood"),
            ("public.\"My Type\"[]", "public.\"My Type\"[]"),
        ] {
            assert_eq!(canonical_type(written, false), canonical, "{written}");
        }
        assert_eq!(canonical_type("INT", true), "bigint");
        assert_eq!(canonical_type("GEOMETRY(POINT, 4326)", true), "geometry(point,4326)");
        assert_eq!(canonical_type("INT4", true), "integer");
        assert_eq!(canonical_type("SERIAL", true), "bigint");
    }

    #[test]
    fn families() {
        assert_eq!(family("character varying(50)"), TypeFamily::Text);
        assert_eq!(family("public.citext"), TypeFamily::Text);
        assert_eq!(family("timestamp(3) with time zone"), TypeFamily::Timestamp);
        assert_eq!(family("time without time zone"), TypeFamily::Time);
        assert_eq!(family("bigint[]"), TypeFamily::Array);
        assert_eq!(family("numeric(10,2)"), TypeFamily::Decimal);
        assert_eq!(family("public.hstore"), TypeFamily::Other);
    }
}
