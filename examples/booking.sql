-- A ticket shop, as an application framework would create it: every column is there, and none of the guards that keep
-- two requests from selling the same seat. Loads unchanged into CockroachDB and PostgreSQL.

CREATE TABLE auth_user (
    id BIGINT PRIMARY KEY,
    username VARCHAR(150) NOT NULL,
    email VARCHAR(254) NOT NULL,
    is_active BOOLEAN NOT NULL DEFAULT true,
    date_joined TIMESTAMPTZ NOT NULL
);

CREATE TABLE show (
    id BIGINT PRIMARY KEY,
    slug VARCHAR(80) NOT NULL,
    title VARCHAR(200) NOT NULL,
    starts_at TIMESTAMPTZ NOT NULL,
    ends_at TIMESTAMPTZ NOT NULL,
    total_seats INT8 NOT NULL,
    available_seats INT8 NOT NULL,
    price DECIMAL(10, 2) NOT NULL
);

CREATE TABLE reservation (
    id BIGINT PRIMARY KEY,
    show_id BIGINT NOT NULL,
    user_id BIGINT NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    CONSTRAINT reservation_show_id_fkey FOREIGN KEY (show_id) REFERENCES show (id) ON DELETE CASCADE,
    CONSTRAINT reservation_user_id_fkey FOREIGN KEY (user_id) REFERENCES auth_user (id) ON DELETE CASCADE
);

CREATE INDEX reservation_user_id_idx ON reservation (user_id);
