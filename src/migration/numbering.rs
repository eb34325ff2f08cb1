//! The versions that files start with: what a folder has goes on.

use anyhow::{Result, bail};
use time::{Date, Duration, Month, PrimitiveDateTime, Time};

/// Gives the versions of new files, each greater than all that are there.
#[derive(Debug, Clone)]
pub struct Numbering {
    last: u64,
    width: usize,
}

impl Numbering {
    /// Goes on after `versions`, each with the name of its file. In an empty folder the first is `0001`: a time of day
    /// would make two runs over the same findings differ.
    ///
    /// # Errors
    /// If two files have the same version: no tool would run both.
    pub fn after<'a>(versions: impl IntoIterator<Item = (&'a str, &'a str)>) -> Result<Numbering> {
        let mut seen: Vec<(u64, &str)> = Vec::new();
        let mut numbering = Numbering { last: 0, width: 4 };
        for (version, file) in versions {
            let number = match version.parse::<u64>() {
                Ok(number) if number < u64::MAX => number,
                Ok(_) => bail!("the numbering of the folder is at its end: no version comes after that of {file}"),
                Err(_) if version.bytes().all(|b| b.is_ascii_digit()) && !version.is_empty() => {
                    bail!("the version of {file} is larger than any that comes after it could be; rename it")
                }
                Err(_) => continue,
            };
            if let Some((_, other)) = seen.iter().find(|(n, f)| *n == number && *f != file) {
                bail!("the numbering of the folder is broken: {other} and {file} have the same version; rename one");
            }
            seen.push((number, file));
            if number >= numbering.last {
                numbering = Numbering { last: number, width: version.len() };
            }
        }
        Ok(numbering)
    }

    /// The next version: the next number, or the next second where versions are times (`20260131235959`).
    pub fn next_version(&mut self) -> String {
        self.last = next_second(self.last).unwrap_or(self.last + 1);
        format!("{:0width$}", self.last, width = self.width)
    }
}

fn next_second(version: u64) -> Option<u64> {
    let part = |below: u64, size: u64| u8::try_from(version / below % size).ok();
    let year = i32::try_from(version / 10_000_000_000).ok().filter(|y| (1990..2200).contains(y))?;
    let date = Date::from_calendar_date(year, Month::try_from(part(100_000_000, 100)?).ok()?, part(1_000_000, 100)?);
    let time = Time::from_hms(part(10_000, 100)?, part(100, 100)?, part(1, 100)?);
    let next = PrimitiveDateTime::new(date.ok()?, time.ok()?).checked_add(Duration::SECOND)?;
    let (year, month, day) = next.to_calendar_date();
    let (hour, minute, second) = next.as_hms();
    let mut number = u64::try_from(year).ok()?;
    for part in [u8::from(month), day, hour, minute, second] {
        number = number * 100 + u64::from(part);
    }
    Some(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(versions: &[&str]) -> Numbering {
        Numbering::after(versions.iter().map(|v| (*v, *v))).expect("no version is there twice")
    }

    #[test]
    fn goes_on() {
        assert_eq!(after(&[]).next_version(), "0001");
        assert_eq!(after(&["0009", "0002"]).next_version(), "0010");
        assert_eq!(after(&["7", "x"]).next_version(), "8");
        assert_eq!(after(&["20261231235959"]).next_version(), "20270101000000");
        let mut two = after(&["20260131120059"]);
        assert_eq!((two.next_version(), two.next_version()), ("20260131120100".into(), "20260131120101".into()));
    }

    #[test]
    fn a_version_without_a_next_is_told() {
        for version in ["18446744073709551615", "99999999999999999999"] {
            let error = Numbering::after([(version, "V__b.sql")]).expect_err("there is none").to_string();
            assert!(error.contains("V__b.sql"), "{error}");
        }
    }

    #[test]
    fn one_version_twice_is_broken() {
        let error = Numbering::after([("1", "1_a.sql"), ("01", "01_b.sql")]).expect_err("both are version 1");
        assert!(error.to_string().contains("1_a.sql and 01_b.sql"), "{error}");
        assert!(Numbering::after([("1", "1_a"), ("1", "1_a")]).is_ok(), "up and down of one migration");
    }
}
