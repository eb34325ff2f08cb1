//! The weights of all rules that infer a CHECK, a NOT NULL, a foreign key or a hole in a key: one table, in log-odds.
//!
//! A weight of 1.0 makes a guard 2.7 times as likely to be intended, 2.0 seven times, 3.0 twenty times. A rule's prior
//! and its evidence add up; 0 is an even chance (medium confidence), 1.73 is 85 % (high), -1.39 is 20 % (low).
//! "Measured" gives the guards that were there among the columns of that shape, over 39 real schemas whose guards had
//! been taken out. That counts what authors wrote, not what would have been right, so where few wrote any the weight is
//! "judged": set after reading the cases one by one. Nothing here is fitted by a machine, and no part of the schemas
//! was kept unseen while judging.

/// A weight with what it stands for and where it comes from.
macro_rules! weights {
    ($($name:ident = $value:expr, $why:literal;)+) => { $(#[doc = $why] pub const $name: f64 = $value;)+ };
}

weights! {
    // What the catalog states outright
    CERTAIN = 6.0, "a fact of the catalog, not an inference";

    // What the other tables of the schema do
    SIBLINGS_ALL = 3.5, "every sibling has the guard; scaled down by k / (n + 1). Judged";
    SIBLINGS_NONE = -0.5, "three siblings or more and none has the guard; grows with the logarithm of their number. Judged: whoever wrote none wrote none on purpose, or never thought of it";

    // Ranges
    RANGE_PRIOR = -1.5, "a numeric column with a word of a scale in its name. Measured: 32 of 115 are held to it";
    RANGE_FIXED = 1.9, "the scale is fixed by its definition. Measured, ports: 25 of 35";
    RANGE_PLACE = 1.2, "latitude, longitude, month: fixed as well. Measured: none of 68, so more has to speak for it";
    RANGE_USUAL = 1.0, "the scale is usual but not the only one (percent may pass 100, a day of week may start at 1). Measured, percent: none of 5. Judged";
    RANGE_WHOLE = 0.6, "an integer on a scale. Measured: 25 of 37 integers, 7 of 51 smallints, none of 27 others";
    RANGE_REQUIRED = 0.5, "the column is NOT NULL: every row is on the scale. Measured: 17 of 39 against 15 of 76";
    RANGE_OPEN_WORD = -2.5, "growth, surge, utilisation: shares that pass their whole by nature. Judged";

    // Strictly positive
    POSITIVE_PRIOR = -1.5, "a number that could be zero. Measured: 17 of 755 checks on the sign of a number are strict";
    POSITIVE_LINE = 1.8, "the quantity of an order line: a line of nothing is no line. Measured: 4 of 8 have a check on the sign";
    POSITIVE_WORD = 0.8, "batch size, exchange rate, interval count: divisors and step sizes. Measured: 2 of 4";
    DEFAULT_BREAKS = -4.0, "the default itself breaks the guard. Judged";
    DEFAULT_HOLDS = 0.4, "the default keeps the guard. Judged";

    // Two columns
    CAPACITY_PRIOR = -1.6, "two numbers of which one may be the limit of the other. Measured: none of 7. Judged";
    CAPACITY_NOUN = 2.3, "both count the same thing (available seats, total seats). Judged";
    CAPACITY_BARE = 1.9, "a bare pair such as used and quota. Judged";
    CAPACITY_SOFT = -1.0, "a limit that may be lowered below what is used already. Judged";
    ORDER_PRIOR = -2.0, "two columns of one type with words of a beginning and an end. Measured: 5 of 53";
    ORDER_PLANNED = 1.2, "people enter both ends (a validity, a sale, a date): they get exchanged. Measured: 3 of 32";
    ORDER_BOUND = 1.7, "least and greatest of one thing. Measured: 2 of 21";
    ORDER_RECORDED = -0.6, "the clock of a process writes both: they cannot well be exchanged. Judged";
    ORDER_REQUIRED = 0.9, "both ends are NOT NULL. Measured: 3 of 16 against 2 of 37";
    ORDER_DATES = 0.3, "dates without a time are typed in by people. Judged";
    EXCLUSIVE_PRIOR = -2.4, "two references that may both be NULL. Judged: nine such checks in 39 schemas";
    EXCLUSIVE_NAMES = 2.0, "their names differ in one word only (plan_rate_card_id, subscription_rate_card_id). Measured: 2 of 28. Judged";
    EXCLUSIVE_LEVELS = 1.6, "the one points at what is within the other, and no third reference may be NULL. Measured: 3 of 7, all in one schema";
    EXCLUSIVE_ONLY = 0.5, "the table has no other reference that may be NULL. Judged";
    EXCLUSIVE_KEYS = 1.6, "each has a key of its own with the same other columns. Judged";
    EXCLUSIVE_CLEARED = -2.0, "ON DELETE SET NULL empties it: NULL means gone, not absent. Judged";
    FLOAT_MONEY = -2.0, "money in floating point: a comparison of sums is wrong by a rounding error before any guard looks. Judged";

    SELF_LINK_PRIOR = -2.2, "two required references to one table. Measured: 19 of 64, 15 of them in one schema";
    SELF_LINK_ONLY = 1.4, "the table needs no other references: its rows are links. Measured: 4 of 21 without that schema. Judged by their names: nearly all of the others are missing";
    SELF_LINK_ROLES = 2.2, "the names say the two ends of a link (from and to, subject and object). Measured: 19 of 40, 15 of them in that schema";
    SELF_LINK_MANY = -1.2, "three references or more to that table: they say who had which part, and are no ends. Judged";
    SELF_LINK_ACTORS = -2.5, "sender and recipient, author and editor: one person may well be both. Judged";

    // What other tables check
    ALIKE_PRIOR = -2.2, "a CHECK that other tables have on columns of the same names. Judged, with the siblings' own weight: from three of three on medium";
    ALIKE_LOG = -1.0, "logs keep what was, also what would be refused today. Judged";

    // Money in floating point
    FLOAT_MONEY_PRIOR = -1.8, "an amount of money in floating point";
    FLOAT_MONEY_COMPARED = 2.3, "a CHECK compares it, so somebody counts on the comparison. Judged";
    FLOAT_MONEY_EXACT = 1.9, "another amount of the row is exact: the two are added and compared as floating point. Judged";
    FLOAT_MONEY_BESIDE = 0.6, "another amount stands beside it, in floating point as well. Judged: mostly estimates of costs";
    FLOAT_MONEY_WORD = 1.3, "a price, a fee, a salary: nothing but money. Judged";

    // Values
    STATE_PRIOR = -1.8, "a text column called state, status, kind or the like";
    STATE_COMMENT = 2.4, "its comment lists the values and the default is one of them. Judged";
    STATE_COMMENT_ONLY = 1.2, "its comment lists the values. Judged";
    STATE_SIBLING = 0.8, "a column of that name is held to values elsewhere, and the default is one of them. Judged";
    EMPTY_PRIOR = -1.9, "a key of text that may be empty. Judged: a handful in 39 schemas is guarded";
    EMPTY_KEY = 0.8, "a word of an address or a sign-in (slug, username): nothing can be found under the empty one. Judged";
    EMPTY_DEFAULT = 2.0, "the default is the empty text: the second row that forgets the key is refused, the first is not. Judged";

    // Holes in keys
    NULLABLE_PRIOR = -1.2, "a key with a column that may be NULL. Measured: 24 % of all keys have one, most on purpose";
    NULLABLE_FACT = 0.6, "NULLs are distinct in a unique key";
    NULLABLE_DELETED = 4.0, "the column marks deletion, so it is NULL in every live row. Judged: never on purpose";
    NULLABLE_TREE = 1.6, "the column points at its own table: NULL at the top of the tree. Judged";
    NULLABLE_ALTERNATIVE = -2.0, "another key of the same form holds the rows that are within something else. Judged: 40 of 46 cases are so meant, in six either may be NULL on purpose";
    NULLABLE_OPTIONAL = -1.6, "all columns of the key may be NULL: it is for the rows that have them. Judged";
    SOFT_DELETE_PRIOR = -1.8, "a full key on a table with soft delete";
    SOFT_DELETE_SIBLINGS = 2.6, "share of the keys on such tables that are partial. Measured: 127 of 142 in the two schemas that have any; most of the others are numbers and ids";
    SOFT_DELETE_REUSE = 2.0, "a name that people choose, and want again after deleting. Judged";
    SOFT_DELETE_RELINK = 0.8, "a pair of references: what was taken out of a group is put in again. Judged";
    SOFT_DELETE_IDENTITY = -1.5, "a token, number or external id: it is not given out twice. Judged";
    CASE_PRIOR = -2.0, "a key on text that is compared letter by letter";
    CASE_INDEX = 3.2, "an index on lower() of the column beside it: the application looks it up without regard to case. Judged";
    CASE_SIBLINGS = 3.0, "other tables keep a column of that name unique without regard to case. Judged";
    CASE_WORD = 0.7, "an email address or a user name. Judged: most applications fold the case before writing";
    NULL_CHECK_PRIOR = -2.5, "a check with a column that may be NULL. Judged: nearly always on purpose";
    NULL_CHECK_START = 1.3, "the other end is required, or the open end is by custom the other one. Judged";
    NULL_CHECK_DEFAULT = 1.3, "it has a default that is a value: NULL gets in only if it is written on purpose. Judged";

    // NOT NULL and references
    NEGLECT_PRIOR = -6.0, "a column that may be NULL";
    NEGLECT_SIBLINGS = 5.5, "share of siblings of the same name, type and role that are NOT NULL, from five siblings on. Judged";
    NEGLECT_DEFAULT = 1.6, "it has a default: a value is meant to be there. Judged";
    NEGLECT_STAMP = 1.6, "the stamp of a row (created_at): every row was created. Judged";
    NEGLECT_REFERENCE = -2.5, "a reference: being without is a meaning of its own. Judged: most cases were on purpose";
    REFERENCE_PRIOR = -3.0, "a column called after a table, with the type of its primary key, that references nothing";
    REFERENCE_SHARE = 4.5, "share of such columns in the schema that are references. Judged";
    REFERENCE_INDEX = 0.4, "it is indexed as references are. Judged";
    REFERENCE_LOG = -2.5, "rows of logs outlive what they tell of. Judged";
    REFERENCE_DERIVED = -2.0, "caches and aggregates are made anew, and outlive what they were made of. Judged";

    // Primary keys
    KEYLESS_PRIOR = 0.0, "a table without a primary key";
    KEYLESS_FACT = 1.5, "nothing is declared. Judged: rarely on purpose";
    KEYLESS_LOG = -2.5, "logs and staging tables live without one. Judged";
    KEYLESS_UNIQUE = -2.5, "a unique key without NULLs does the work already. Judged";
    KEYLESS_ID = 1.0, "a column that names the row itself";
    KEYLESS_JOIN = 1.5, "the whole table is its references";

    // Statements that were sent. None of these is measured: no collection of statements with what was meant is known
    LOST_PRIOR = -1.0, "a column that is written from outside and read by the same key. Judged: most are saved as they were typed in";
    LOST_SOLD = 2.4, "a number that is sold or spent: seats, stock, a balance. Judged";
    LOST_COUNTER = 1.6, "a number that counts by its name. Judged";
    LOST_PLAIN = -1.0, "another number, which nothing changes in place: a price, an age, a position. Judged: typed in";
    LOST_STATE = 1.0, "a state: two requests both leave the same one. Judged";
    LOST_DOCUMENT = -0.6, "JSON or an array, read and written whole. Judged";
    LOST_BOUNDED = 0.6, "a CHECK or an enum bounds it. Judged";
    LOST_COMPARED = 0.5, "rows are chosen by how much it is. Judged";
    LOST_EXACT = 0.8, "a number that alone is read by a key and about as often written alone: neither a page that shows a row nor a form that saves one. Judged";
    LOST_FETCHED = -0.4, "the row was fetched by columns that no key holds: it may be one of several. Judged";
    LOST_FETCHED_ALL = -1.1, "the same without a LIMIT: all that there are were fetched, one or several. Judged";
    LOST_UPSERT = -2.8, "rows are replaced as INSERTs bring them, mostly from somewhere else. Judged";
    LOST_RELATIVE = 2.5, "other statements change it in place: an absolute write undoes them. Judged";
    LOST_RESET = -0.15, "it counts in place, and is written on purpose beside that: mostly it is reset, and the other is worth a look. Judged";
    LOST_WHOLE_ROW = -1.2, "an ORM saves the whole row: mostly something else was changed. Judged";
    LOST_DELIBERATE = 0.6, "few columns are written, this one on purpose. Judged";
    LOST_LOCKED = -0.5, "some of the reads are under a lock. Judged";
    LOST_ADVISORY = -1.5, "advisory locks were taken about as often as it was written. Judged";
    LOST_ALONE = 0.5, "the reads ran by themselves: no isolation level helps. Judged";
    LOST_SERIALIZABLE = -6.0, "reads and writes ran in transactions of a server that is SERIALIZABLE by default. Judged";
    LOOKED_FOR_PRIOR = -1.2, "columns by which one row is looked for, in a table that is inserted into. Judged";
    LOOKED_FOR_LINK = 0.9, "they are the sides of a link. Judged";
    LOOKED_FOR_EVENT = -1.5, "rows of the table are events by its name. Judged";
    LOOKED_FOR_SELDOM = -1.0, "ten INSERTs and more for each look-up: most are not looked for before. Judged";
    LOOKED_FOR_ADVISORY = -1.5, "advisory locks were taken about as often as rows were inserted. Judged";
    LOOKED_FOR_ALONE = 0.4, "the look-ups ran by themselves: no isolation level helps. Judged";
    LOOKED_FOR_SERIALIZABLE = -0.8, "look-ups and INSERTs ran in transactions of a server that is SERIALIZABLE by default. Judged";
    STATED_PRIOR = -0.5, "an UPDATE with a condition on what it changes: what it says is evidence of its own";
    CONFLICT_PRIOR = -0.5, "an INSERT that is to do without an error what no key can tell";
    CONFLICT_NAMED = 4.0, "it names the columns. Judged: the key was lost";
    CONFLICT_LINK = 2.0, "the columns hold one link of two references. Judged";
    CONFLICT_UNKNOWN = 0.8, "which columns matter is not said. Judged: also a habit of bulk inserts";
    CONFLICT_OWN_ID = -0.7, "the application makes the primary key itself: the same row sent twice may be meant. Judged";
    CONFLICT_EVENT = -1.5, "rows of the table are events by its name. Judged";
    LOCK_PRIOR = 0.0, "a lock that is taken and let go at once";
    LOCK_ALONE = 3.0, "the statement ran by itself. Judged: never on purpose, but to wait for somebody";
}
