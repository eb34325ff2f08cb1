-- The race for the last seat, in the order that loses. Two requests look first and write later, each statement by itself,
-- as an application does in autocommit. One client may play both: what counts is the order.
--
-- For an empty shop (examples/booking.sql). As the schema is, everything succeeds, and the last SELECTs show a seat sold
-- twice and a reservation made twice. Once the guards are there, session 2 is refused.

INSERT INTO auth_user VALUES (1, 'ann', 'ann@example.com', true, '2024-01-01'), (2, 'ben', 'ben@example.com', true, '2024-01-01');
INSERT INTO show VALUES (1, 'hamlet', 'Hamlet', '2024-06-01 20:00:00+00', '2024-06-01 23:00:00+00', 100, 1, 25);

-- session 1: is a seat left?
SELECT available_seats FROM show WHERE id = 1;
-- session 2: is a seat left?
SELECT available_seats FROM show WHERE id = 1;
-- session 1: there is one, take it
UPDATE show SET available_seats = available_seats - 1 WHERE id = 1;
-- session 2: there was one, take it
UPDATE show SET available_seats = available_seats - 1 WHERE id = 1;

-- session 1: has ann reserved already?
SELECT count(*) FROM reservation WHERE show_id = 1 AND user_id = 1;
-- session 2: has ann reserved already?
SELECT count(*) FROM reservation WHERE show_id = 1 AND user_id = 1;
-- session 1: she has not
INSERT INTO reservation VALUES (1, 1, 1, '2024-05-01');
-- session 2: she had not
INSERT INTO reservation VALUES (2, 1, 1, '2024-05-01');

-- session 1: what is left of it
SELECT available_seats FROM show WHERE id = 1;
SELECT count(*) FROM reservation WHERE show_id = 1 AND user_id = 1;
