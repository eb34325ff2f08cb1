//! The weights of all rules that infer a CHECK, a NOT NULL, a foreign key or a hole in a key: one table, in log-odds.
//!
//! A weight of 1.0 makes a guard 2.7 times as likely to be intended, 2.0 seven times, 3.0 twenty times. A rule's prior
//! and its evidence add up; 0 is an even chance (medium confidence), 1.73 is 85 % (high), -1.39 is 20 % (low).
//! "Measured" means counted on half of 39 real schemas (those at odd places of the alphabet) and confirmed on the
//! other half; "judged" means that the cases were read one by one, for there were too few to count.

/// A weight with what it stands for and where it comes from.
macro_rules! weights {
    ($($name:ident = $value:expr, $why:literal;)+) => { $(#[doc = $why] pub const $name: f64 = $value;)+ };
}

weights! {
    // What the catalog states outright
    CERTAIN = 6.0, "a fact of the catalog, not an inference";

    // What the other tables of the schema do
    SIBLINGS_ALL = 3.5, "every sibling has the guard; scaled down by k / (n + 1). Measured: one of two siblings guarded makes the other guarded in 7 of 10 cases";
    SIBLINGS_NONE = -0.5, "three siblings or more and none has the guard; grows with the logarithm of their number. Judged: whoever wrote none wrote none on purpose, or never thought of it";

    // Ranges
    RANGE_PRIOR = -1.5, "a numeric column with a word of a scale in its name. Measured: the word alone is guarded in 1 of 5";
    RANGE_FIXED = 2.2, "the scale is fixed by its definition (port, month, latitude): no value outside can be right. Judged";
    RANGE_PLACE = 1.2, "latitude, longitude, month: fixed as well. Measured: none of 27 is guarded, so only where more speaks for it";
    RANGE_USUAL = 1.0, "the scale is usual but not the only one (percent may pass 100, a day of week may start at 1). Judged";
    RANGE_WHOLE = 0.6, "an integer on a scale. Measured: checks on scales are on integers in 9 of 10 cases";
    RANGE_REQUIRED = 0.5, "the column is NOT NULL: every row is on the scale";
    RANGE_OPEN_WORD = -2.5, "growth, surge, utilisation: shares that pass their whole by nature. Judged";

    // Strictly positive
    POSITIVE_PRIOR = -1.5, "a number that could be zero. Measured: 17 of 700 checks on one number are strict";
    POSITIVE_LINE = 1.8, "the quantity of an order line: a line of nothing is no line. Judged";
    POSITIVE_WORD = 0.8, "batch size, exchange rate, interval count: divisors and step sizes. Judged";
    DEFAULT_BREAKS = -4.0, "the default itself breaks the guard. Judged";
    DEFAULT_HOLDS = 0.4, "the default keeps the guard. Measured";

    // Two columns
    CAPACITY_PRIOR = -1.6, "two numbers of which one may be the other's limit";
    CAPACITY_NOUN = 2.3, "both count the same thing (available seats, total seats). Judged";
    CAPACITY_BARE = 1.9, "a bare pair such as used and quota. Judged";
    CAPACITY_SOFT = -1.0, "a limit that may be lowered below what is used already. Judged";
    ORDER_PRIOR = -2.0, "two columns of one type with words of a beginning and an end. Measured: 1 of 8 such pairs is guarded";
    ORDER_PLANNED = 1.2, "people enter both ends (a validity, a sale, a date): they get exchanged. Judged";
    ORDER_BOUND = 1.7, "least and greatest of one thing. Measured: 4 of 9 are guarded";
    ORDER_RECORDED = -0.6, "the clock of a process writes both: they cannot well be exchanged. Measured: 0 of 20 guarded";
    ORDER_REQUIRED = 0.9, "both ends are NOT NULL. Measured: 3 of 9 guarded against 4 of 50";
    ORDER_DATES = 0.3, "dates without a time are typed in by people. Judged";
    EXCLUSIVE_PRIOR = -2.4, "two references that may both be NULL. Measured: 1 of 12 tables with just two is guarded";
    EXCLUSIVE_NAMES = 2.0, "their names differ in one word only (plan_rate_card_id, subscription_rate_card_id). Measured: 3 of 8 guarded, 4 of the other 5 look forgotten";
    EXCLUSIVE_ONLY = 0.5, "the table has no other reference that may be NULL. Measured";
    EXCLUSIVE_KEYS = 1.6, "each has a key of its own with the same other columns. Judged";
    EXCLUSIVE_CLEARED = -2.0, "ON DELETE SET NULL empties it: NULL means gone, not absent. Judged";
    FLOAT_MONEY = -2.0, "money in floating point: a comparison of sums is wrong by a rounding error before any guard looks. Judged";

    // Values
    STATE_PRIOR = -1.8, "a text column called state, status, kind or the like";
    STATE_COMMENT = 2.4, "its comment lists the values and the default is one of them. Judged";
    STATE_COMMENT_ONLY = 1.2, "its comment lists the values. Judged";
    STATE_SIBLING = 0.8, "a column of that name is held to values elsewhere, and the default is one of them. Judged";
    EMPTY_PRIOR = -1.9, "a key of text that may be empty. Measured: 4 of some 300 are guarded";
    EMPTY_KEY = 0.8, "a word of an address or a sign-in (slug, username): nothing can be found under the empty one. Judged";
    EMPTY_DEFAULT = 2.0, "the default is the empty text: the second row that forgets the key is refused, the first is not. Judged";

    // Holes in keys
    NULLABLE_PRIOR = -1.2, "a key with a column that may be NULL. Measured: 24 % of keys have one, most on purpose";
    NULLABLE_FACT = 0.6, "NULLs are distinct in a unique key";
    NULLABLE_DELETED = 4.0, "the column marks deletion, so it is NULL in every live row. Judged: never on purpose";
    NULLABLE_TREE = 1.6, "the column points at its own table: NULL at the top of the tree. Judged";
    NULLABLE_OPTIONAL = -1.6, "all columns of the key may be NULL: it is for the rows that have them. Judged";
    NULLABLE_MOMENT = -0.5, "a point in time: NULL may mean that it is not known. Judged";
    SOFT_DELETE_PRIOR = -3.3, "a full key on a table with soft delete";
    SOFT_DELETE_SIBLINGS = 3.6, "share of the schema's keys on such tables that are partial. Measured: 51 % of the keys in CockroachDB's native schemas are";
    SOFT_DELETE_REUSE = 1.8, "a name that people choose, and want again after deleting. Judged";
    SOFT_DELETE_IDENTITY = -2.5, "a reference, token or external id: it is not given out twice. Judged";
    CASE_PRIOR = -2.0, "a key on text that is compared letter by letter";
    CASE_INDEX = 3.2, "an index on lower() of the column beside it: the application looks it up without regard to case. Judged";
    CASE_SIBLINGS = 3.0, "other tables keep a column of that name unique without regard to case. Judged";
    CASE_WORD = 0.7, "an email address or a user name. Measured: most schemas fold case before writing";
    NULL_CHECK_PRIOR = -2.5, "a check with a column that may be NULL. Measured: nearly always on purpose";
    NULL_CHECK_START = 1.3, "the other end is required, or the open end is by custom the other one. Judged";
    NULL_CHECK_DEFAULT = 1.3, "it has a default that is a value: NULL gets in only if it is written on purpose. Judged";

    // NOT NULL and references
    NEGLECT_PRIOR = -6.0, "a column that may be NULL";
    NEGLECT_SIBLINGS = 5.5, "share of siblings of the same name, type and role that are NOT NULL, from five siblings on. Judged";
    NEGLECT_DEFAULT = 1.6, "it has a default: a value is meant to be there. Judged";
    NEGLECT_STAMP = 1.6, "the stamp of a row (created_at): every row was created. Judged: all of 12 cases";
    NEGLECT_REFERENCE = -2.5, "a reference: being without is a meaning of its own. Judged: 30 of 34 cases are on purpose";
    REFERENCE_PRIOR = -3.0, "a column called after a table, with the type of its primary key, that references nothing";
    REFERENCE_SHARE = 4.5, "share of such columns in the schema that are references. Measured: from nine tenths on the rest was mostly forgotten";
    REFERENCE_INDEX = 0.4, "it is indexed as references are. Judged";
    REFERENCE_LOG = -2.5, "rows of logs outlive what they tell of. Judged";

    // Primary keys
    KEYLESS_PRIOR = 1.0, "a table without a primary key";
    KEYLESS_FACT = 1.5, "nothing is declared. Judged: rarely on purpose";
    KEYLESS_LOG = -3.0, "logs and staging tables live without one. Judged";
    KEYLESS_UNIQUE = 0.5, "a unique key without NULLs is there to be promoted";
    KEYLESS_ID = 1.0, "a column that names the row itself";
    KEYLESS_JOIN = 1.5, "the whole table is its references";
}
