CREATE TABLE ticket (
    id INT8 PRIMARY KEY, code STRING NOT NULL, title STRING NOT NULL, hall INT8 NOT NULL, place INT8 NOT NULL,
    seats INT8 NOT NULL, oversold INT8 NOT NULL, balance DECIMAL NOT NULL, note STRING, INDEX (oversold), INDEX (balance)
);
CREATE TABLE "Odd ""Name""" (id INT8 PRIMARY KEY, secret STRING NOT NULL);
CREATE TABLE untouched (id INT8 PRIMARY KEY, code STRING NOT NULL);
-- the first statistics are of a table that was another
INSERT INTO ticket SELECT i, 'x', 'x', 0, 0, -1, -1, -1, NULL FROM generate_series(1, 3000) AS g (i);
CREATE STATISTICS early FROM ticket;
DELETE FROM ticket WHERE true;
INSERT INTO ticket SELECT i, 'C-' || i::STRING, 'PLANTED-' || (i % 50)::STRING, i // 100, i % 100, i % 40,
    CASE WHEN i = 77 THEN -1 ELSE i % 3000 END, i % 1000 - 500, CASE WHEN i % 2 = 0 THEN 'PLANTED' END
    FROM generate_series(0, 9999) AS g (i);
INSERT INTO "Odd ""Name""" SELECT i, 'PLANTED' FROM generate_series(1, 500) AS g (i);
CREATE STATISTICS late FROM ticket;
CREATE STATISTICS hall_place ON hall, place FROM ticket;
CREATE STATISTICS odd FROM "Odd ""Name""";
