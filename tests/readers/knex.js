// What Knex would send for the files of a folder, as JSON: {file: {up: […], down: […]}}.
const fs = require("fs");
const path = require("path");

const knex = require("knex")({ client: "pg" });
const all = fs.readdirSync(process.argv[2], { recursive: true }).filter((name) => name.endsWith(".js"));

async function sent(way) {
  const out = [];
  const raw = (sql) => {
    out.push(knex.raw(sql).toSQL().toNative().sql);
    const done = Promise.resolve();
    return Object.assign(done, { connection: () => done });
  };
  const client = { acquireConnection: async () => ({}), releaseConnection: async () => {} };
  await way({ raw, client, transaction: (body) => body({ raw }) });
  return out;
}

(async () => {
  const out = {};
  for (const name of all) {
    const file = path.join(process.argv[2], name);
    const { up, down } = require(file);
    out[file] = { up: await sent(up), down: await sent(down) };
  }
  process.stdout.write(JSON.stringify(out));
})();
