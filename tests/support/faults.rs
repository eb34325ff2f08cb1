//! Each rule's fault: a schema that lacks its guard, and rows that obey it all the same.

/// A schema in which a rule finds its fault.
pub struct Fault {
    /// The rule.
    pub rule: &'static str,
    /// The schema.
    pub schema: &'static str,
    /// Rows that are not in the way of the guard.
    pub rows: &'static str,
}

/// At least one for every rule; `tests/rules.rs` sees to that.
pub const FAULTS: &[Fault] = &[
    Fault {
        rule: "missing-unique-key",
        schema: "CREATE TABLE account (id bigint PRIMARY KEY, username varchar(80) NOT NULL, bio text, age int);",
        rows: "INSERT INTO account VALUES (1, 'ann', 'x', 30), (2, 'ben', NULL, NULL);",
    },
    Fault {
        rule: "missing-scoped-key",
        schema: "CREATE TABLE org (id bigint PRIMARY KEY);
         CREATE TABLE org_team (id bigint PRIMARY KEY, org_id bigint NOT NULL REFERENCES org ON DELETE CASCADE,
           name varchar(50) NOT NULL, description text NOT NULL, color text, is_active boolean NOT NULL);
         CREATE TABLE user_team (id bigint PRIMARY KEY, team_id bigint NOT NULL REFERENCES org_team);",
        rows: "INSERT INTO org VALUES (1), (2); \
               INSERT INTO org_team VALUES (1, 1, 'a', '', NULL, true), (2, 2, 'a', '', NULL, true); \
               INSERT INTO user_team VALUES (1, 1);",
    },
    Fault {
        rule: "missing-unique-pair",
        schema: "CREATE TABLE show (id bigint PRIMARY KEY); CREATE TABLE person (id bigint PRIMARY KEY);
         CREATE TABLE reservation (id bigint PRIMARY KEY, show_id bigint NOT NULL REFERENCES show,
           person_id bigint NOT NULL REFERENCES person, created_at timestamptz NOT NULL);",
        rows: "INSERT INTO show VALUES (1), (2); \
               INSERT INTO person VALUES (1), (2); \
               INSERT INTO reservation VALUES (1, 1, 1, now()), (2, 1, 2, now()), (3, 2, 1, now());",
    },
    Fault {
        rule: "missing-one-to-one",
        schema: "CREATE TABLE users (id bigint PRIMARY KEY);
         CREATE TABLE users_settings (id bigint PRIMARY KEY, users_id bigint NOT NULL REFERENCES users ON DELETE CASCADE,
           theme boolean NOT NULL);",
        rows: "INSERT INTO users VALUES (1), (2); \
               INSERT INTO users_settings VALUES (1, 1, true), (2, 2, false);",
    },
    Fault {
        rule: "missing-position-key",
        schema: "CREATE TABLE product (id bigint PRIMARY KEY);
         CREATE TABLE product_version (id bigint PRIMARY KEY, product_id bigint NOT NULL REFERENCES product ON DELETE
           CASCADE, version int NOT NULL);",
        rows: "INSERT INTO product VALUES (1), (2); \
               INSERT INTO product_version VALUES (1, 1, 1), (2, 1, 2), (3, 2, 1);",
    },
    Fault {
        rule: "missing-idempotency-key",
        schema: "CREATE TABLE charge (id bigint PRIMARY KEY, idempotency_key uuid NOT NULL, amount int NOT NULL);",
        rows: "INSERT INTO charge VALUES (1, 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', 5), \
               (2, 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a12', 5);",
    },
    Fault {
        rule: "missing-external-id",
        schema: "CREATE TABLE buyer (id bigint PRIMARY KEY, stripe_customer_id varchar(255) NOT NULL, note text);",
        rows: "INSERT INTO buyer VALUES (1, 'cus_1', NULL), (2, 'cus_2', NULL);",
    },
    Fault {
        rule: "missing-translation-key",
        schema: "CREATE TABLE product (id bigint PRIMARY KEY);
         CREATE TABLE product_translation (id bigint PRIMARY KEY, product_id bigint NOT NULL REFERENCES product ON DELETE
           CASCADE, language varchar(15) NOT NULL, name text NOT NULL);",
        rows: "INSERT INTO product VALUES (1), (2); \
               INSERT INTO product_translation VALUES (1, 1, 'de', 'a'), (2, 1, 'en', 'a'), (3, 2, 'de', 'a');",
    },
    Fault {
        rule: "missing-polymorphic-key",
        schema: "CREATE TABLE likes (likeable_type varchar(40) NOT NULL, likeable_id bigint NOT NULL);",
        rows: "INSERT INTO likes VALUES ('post', 1), ('post', 2), ('page', 1);",
    },
    Fault {
        rule: "missing-composite-key",
        schema: "CREATE TABLE setting (namespace varchar(40) NOT NULL, name varchar(40) NOT NULL);",
        rows: "INSERT INTO setting VALUES ('a', 'x'), ('a', 'y'), ('b', 'x');",
    },
    Fault {
        rule: "missing-primary-key",
        schema: "CREATE TABLE rate (currency text, value numeric NOT NULL);",
        rows: "INSERT INTO rate VALUES ('EUR', 1), ('USD', 1.1);",
    },
    Fault {
        rule: "missing-primary-key",
        schema: "CREATE TABLE rate (id bigint NOT NULL, value numeric NOT NULL);",
        rows: "INSERT INTO rate VALUES (1, 1), (2, 1);",
    },
    Fault {
        rule: "missing-primary-key",
        schema: "CREATE TABLE hasid (id int, name text);",
        rows: "INSERT INTO hasid VALUES (1, 'a'), (2, NULL);",
    },
    Fault {
        rule: "missing-primary-key",
        schema: "CREATE TABLE rate (id numeric, value numeric NOT NULL);",
        rows: "INSERT INTO rate VALUES (1, 1), (2, 1);",
    },
    Fault {
        rule: "negative-counter",
        schema: "CREATE TABLE show (id bigint PRIMARY KEY, available_seats int NOT NULL DEFAULT 0);",
        rows: "INSERT INTO show VALUES (1, 0), (2, 5);",
    },
    Fault {
        rule: "not-positive",
        schema: "CREATE TABLE orders (id bigint PRIMARY KEY);
         CREATE TABLE order_item (id bigint PRIMARY KEY, order_id bigint NOT NULL REFERENCES orders, quantity int NOT NULL);",
        rows: "INSERT INTO orders VALUES (1); INSERT INTO order_item VALUES (1, 1, 1), (2, 1, 5);",
    },
    Fault {
        rule: "unbounded-share",
        schema: "CREATE TABLE coupon (id bigint PRIMARY KEY, discount_percent int NOT NULL);",
        rows: "INSERT INTO coupon VALUES (1, 0), (2, 100);",
    },
    Fault {
        rule: "unbounded-share",
        schema: "CREATE TABLE place (id bigint PRIMARY KEY, latitude float8 NOT NULL, longitude float8 NOT NULL);",
        rows: "INSERT INTO place VALUES (1, -90, 180), (2, 52.5, 13.4);",
    },
    Fault {
        rule: "over-capacity",
        schema: "CREATE TABLE show (id bigint PRIMARY KEY, available_seats int NOT NULL, total_seats int NOT NULL);",
        rows: "INSERT INTO show VALUES (1, 0, 5), (2, 5, 5);",
    },
    Fault {
        rule: "over-capacity",
        schema: "CREATE TABLE voucher (id bigint PRIMARY KEY, redeemed int NOT NULL, max_usages int);",
        rows: "INSERT INTO voucher VALUES (1, 1, 1), (2, 7, NULL);",
    },
    Fault {
        rule: "unordered-bounds",
        schema: "CREATE TABLE booking (id bigint PRIMARY KEY, starts_at timestamptz NOT NULL, ends_at timestamptz);",
        rows: "INSERT INTO booking VALUES (1, '2024-01-01', '2024-01-02'), (2, '2024-01-01', NULL);",
    },
    Fault {
        rule: "unordered-bounds",
        schema: "CREATE TABLE lot (id bigint PRIMARY KEY, min_price numeric NOT NULL, max_price numeric NOT NULL);",
        rows: "INSERT INTO lot VALUES (1, 1, 2), (2, 2, 2);",
    },
    Fault {
        rule: "exclusive-references",
        schema: "CREATE TABLE plan_card (id bigint PRIMARY KEY); CREATE TABLE subscription_card (id bigint PRIMARY KEY);
         CREATE TABLE phase (id bigint PRIMARY KEY, plan_card_id bigint REFERENCES plan_card,
           subscription_card_id bigint REFERENCES subscription_card);",
        rows: "INSERT INTO plan_card VALUES (1); \
               INSERT INTO subscription_card VALUES (1); \
               INSERT INTO phase VALUES (1, 1, NULL), (2, NULL, 1);",
    },
    Fault {
        rule: "exclusive-references",
        schema: "CREATE TABLE text_part (id bigint PRIMARY KEY); CREATE TABLE file_part (id bigint PRIMARY KEY);
         CREATE TABLE link_part (id bigint PRIMARY KEY);
         CREATE TABLE message (id bigint PRIMARY KEY, text_part_id bigint REFERENCES text_part,
           file_part_id bigint REFERENCES file_part, link_part_id bigint REFERENCES link_part);",
        rows: "INSERT INTO text_part VALUES (1); \
               INSERT INTO file_part VALUES (1); \
               INSERT INTO link_part VALUES (1); \
               INSERT INTO message VALUES (1, 1, NULL, NULL), (2, NULL, 1, NULL), (3, NULL, NULL, 1);",
    },
    Fault {
        rule: "free-state",
        schema: "CREATE TABLE orders (id bigint PRIMARY KEY, status text NOT NULL DEFAULT 'draft');
         COMMENT ON COLUMN orders.status IS 'One of ''draft'', ''paid'', ''void''';",
        rows: "INSERT INTO orders VALUES (1, 'draft'), (2, 'paid');",
    },
    Fault {
        rule: "empty-key-text",
        schema: "CREATE TABLE page (id bigint PRIMARY KEY, slug text NOT NULL UNIQUE);",
        rows: "INSERT INTO page VALUES (1, 'a'), (2, 'b');",
    },
    Fault {
        rule: "self-link",
        schema: "CREATE TABLE ticket (id bigint PRIMARY KEY);
         CREATE TABLE ticket_dependency (id bigint PRIMARY KEY, ticket_id bigint NOT NULL REFERENCES ticket,
           depends_on_id bigint NOT NULL REFERENCES ticket);",
        rows: "INSERT INTO ticket VALUES (1), (2); INSERT INTO ticket_dependency VALUES (1, 1, 2);",
    },
    Fault {
        rule: "missing-check",
        schema: "CREATE TABLE a (id bigint PRIMARY KEY, name text NOT NULL CHECK (name <> ''));
         CREATE TABLE b (id bigint PRIMARY KEY, name text NOT NULL CHECK (name <> ''));
         CREATE TABLE c (id bigint PRIMARY KEY, name varchar(40) NOT NULL CHECK (name <> ''));
         CREATE TABLE d (id bigint PRIMARY KEY, name text NOT NULL);",
        rows: "INSERT INTO a VALUES (1, 'x'); \
               INSERT INTO b VALUES (1, 'x'); \
               INSERT INTO c VALUES (1, 'x'); \
               INSERT INTO d VALUES (1, 'x'), (2, 'y');",
    },
    Fault {
        rule: "float-money",
        schema: "CREATE TABLE account (id bigint PRIMARY KEY, balance double precision NOT NULL DEFAULT 0,
           CONSTRAINT covered CHECK (balance >= 0));",
        rows: "INSERT INTO account VALUES (1, 0.25), (2, 0);",
    },
    Fault {
        rule: "float-money",
        schema: "CREATE TABLE invoice (id bigint PRIMARY KEY, amount_paid double precision NOT NULL, price double precision,
           CONSTRAINT paid CHECK (amount_paid <= price), CONSTRAINT positive CHECK (price > 0));",
        rows: "INSERT INTO invoice VALUES (1, 0, 5.5), (2, 5.5, 5.5), (3, 0, NULL);",
    },
    Fault {
        rule: "float-money",
        schema: "CREATE TABLE item (id bigint PRIMARY KEY, unit_price real NOT NULL, amount numeric NOT NULL);",
        rows: "INSERT INTO item VALUES (1, 0.5, 1), (2, 10, 1);",
    },
    Fault {
        rule: "soft-delete-key",
        schema: "CREATE TABLE team (id bigint PRIMARY KEY, name text NOT NULL, slug text NOT NULL, deleted_at timestamptz);
         CREATE UNIQUE INDEX team_name ON team (name) WHERE deleted_at IS NULL;
         CREATE UNIQUE INDEX team_slug ON team (slug) WHERE deleted_at IS NULL;
         CREATE TABLE member (id bigint PRIMARY KEY, email text NOT NULL UNIQUE, deleted_at timestamptz);",
        rows: "INSERT INTO team VALUES (1, 'a', 'a', NULL), (2, 'a', 'a', now()); \
               INSERT INTO member VALUES (1, 'a@x', NULL), (2, 'b@x', now());",
    },
    Fault {
        rule: "soft-delete-key",
        schema: "CREATE TABLE team (id bigint PRIMARY KEY, name text NOT NULL, slug text NOT NULL, deleted_at timestamptz);
         CREATE UNIQUE INDEX team_name ON team (name) WHERE deleted_at IS NULL;
         CREATE UNIQUE INDEX team_slug ON team (slug) WHERE deleted_at IS NULL;
         CREATE TABLE member (id bigint PRIMARY KEY, email text NOT NULL, deleted_at timestamptz);
         CREATE UNIQUE INDEX member_email ON member (email);",
        rows: "INSERT INTO team VALUES (1, 'a', 'a', NULL), (2, 'a', 'a', now()); \
               INSERT INTO member VALUES (1, 'a@x', NULL), (2, 'b@x', now());",
    },
    Fault {
        rule: "case-sensitive-key",
        schema: "CREATE TABLE account (id bigint PRIMARY KEY, email text NOT NULL UNIQUE);
         CREATE INDEX account_email ON account (lower(email));",
        rows: "INSERT INTO account VALUES (1, 'a@x'), (2, 'b@x');",
    },
    Fault {
        rule: "null-passes-check",
        schema: "CREATE TABLE booking (id bigint PRIMARY KEY, starts_at timestamptz, ends_at timestamptz NOT NULL,
           CHECK (starts_at < ends_at));",
        rows: "INSERT INTO booking VALUES (1, '2024-01-01', '2024-01-02'), (2, '2024-01-01', '2024-01-03');",
    },
    Fault {
        rule: "null-passes-check",
        schema: "CREATE TABLE show (id bigint PRIMARY KEY, seats int DEFAULT 0 CHECK (seats >= 0));",
        rows: "INSERT INTO show VALUES (1, 0), (2, 5);",
    },
    Fault {
        rule: "nullable-by-neglect",
        schema: "CREATE TABLE a (id bigint PRIMARY KEY, created_at timestamptz NOT NULL);
         CREATE TABLE b (id bigint PRIMARY KEY, created_at timestamptz NOT NULL);
         CREATE TABLE c (id bigint PRIMARY KEY, created_at timestamptz NOT NULL);
         CREATE TABLE d (id bigint PRIMARY KEY, created_at timestamptz NOT NULL);
         CREATE TABLE e (id bigint PRIMARY KEY, created_at timestamptz NOT NULL);
         CREATE TABLE payment (id bigint PRIMARY KEY, created_at timestamptz DEFAULT now());",
        rows: "INSERT INTO payment VALUES (1, now()), (2, now());",
    },
    Fault {
        rule: "missing-foreign-key",
        schema: "CREATE TABLE shows (id bigint PRIMARY KEY);
         CREATE TABLE a (id bigint PRIMARY KEY, show_id bigint NOT NULL REFERENCES shows);
         CREATE TABLE b (id bigint PRIMARY KEY, show_id bigint NOT NULL REFERENCES shows);
         CREATE TABLE c (id bigint PRIMARY KEY, show_id bigint NOT NULL REFERENCES shows);
         CREATE TABLE d (id bigint PRIMARY KEY, show_id bigint NOT NULL REFERENCES shows);
         CREATE TABLE e (id bigint PRIMARY KEY, show_id bigint NOT NULL REFERENCES shows);
         CREATE TABLE reservation (id bigint PRIMARY KEY, show_id bigint NOT NULL);",
        rows: "INSERT INTO shows VALUES (1), (2); INSERT INTO reservation VALUES (1, 1), (2, 2);",
    },
    Fault {
        rule: "nullable-unique",
        schema: "CREATE TABLE member (id bigint PRIMARY KEY, email text NOT NULL, deleted_at timestamptz,
           CONSTRAINT live UNIQUE (email, deleted_at));",
        rows: "INSERT INTO member VALUES (1, 'a@x', NULL), (2, 'b@x', NULL), (3, 'a@x', now());",
    },
    Fault {
        rule: "nullable-unique",
        schema: "CREATE TABLE folder (id bigint PRIMARY KEY, parent_id bigint REFERENCES folder, name text NOT NULL, deleted_at
           timestamptz, UNIQUE (parent_id, name, deleted_at));",
        rows: "INSERT INTO folder VALUES (1, NULL, 'a', NULL), (2, 1, 'a', NULL), \
               (3, 1, 'b', NULL), (4, 1, 'b', now());",
    },
    Fault {
        rule: "unvalidated-constraint",
        schema: "CREATE TABLE show (id bigint PRIMARY KEY, seats int NOT NULL);
         ALTER TABLE show ADD CONSTRAINT seats_check CHECK (seats >= 0) NOT VALID;",
        rows: "INSERT INTO show VALUES (1, 0), (2, 5);",
    },
    Fault {
        rule: "unvalidated-constraint",
        schema: "CREATE TABLE show (id bigint PRIMARY KEY); CREATE TABLE seat (id bigint PRIMARY KEY, show_id bigint NOT NULL);
         ALTER TABLE seat ADD CONSTRAINT seat_show FOREIGN KEY (show_id) REFERENCES show (id) NOT VALID;",
        rows: "INSERT INTO show VALUES (1); INSERT INTO seat VALUES (1, 1), (2, 1);",
    },
    Fault {
        rule: "unvalidated-constraint",
        schema: "CREATE TABLE show (id bigint PRIMARY KEY); CREATE TABLE event (id bigint PRIMARY KEY);
         CREATE TABLE seat (id bigint PRIMARY KEY, show_id bigint NOT NULL);
         ALTER TABLE seat ADD CONSTRAINT seat_show FOREIGN KEY (show_id) REFERENCES show (id) NOT VALID;
         ALTER TABLE seat ADD CONSTRAINT seat_event FOREIGN KEY (show_id) REFERENCES event (id) NOT VALID;",
        rows: "INSERT INTO show VALUES (1); INSERT INTO event VALUES (1); INSERT INTO seat VALUES (1, 1);",
    },
];
