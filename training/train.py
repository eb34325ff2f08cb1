#!/usr/bin/env python3
"""Fits the weights and thresholds of data/model.json. See README.md beside this file.

    train.py --schemas DIR[:WEIGHT] … --out data/model.json --folds DIR     needs numpy, scipy, scikit-learn

DIR/NAME/{schema.sql,stripped.sql,truth.json}: a schema, the same without its UNIQUE keys and CHECKs, and what was taken.
Read from --out, and kept, are the word lists, the penalties and the weights that are set by hand. Written are the model
and, for measuring, one model for each fold that never saw the schemas of the fold (0.json … 9.json), with folds.json,
which says which schema is in which. final.json beside them is no fold: it is the new base weights with the conventions
and thresholds of before, by which the schemas are judged once more to train the new conventions.
WEIGHT (1 if left out) is how much a schema of the folder counts.
"""
import argparse, json, os, random, subprocess, tempfile
from collections import Counter, defaultdict
from concurrent.futures import ThreadPoolExecutor
import numpy as np
from scipy.sparse import csr_matrix
from sklearn.linear_model import LogisticRegression

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
TOOL = os.path.join(ROOT, 'target/release/examples/training')
FAMILIES = ['nat', 'xid', 'one', 'rr', 'rx', 'xx', 'wide']
SHAPES = FAMILIES + ['check']
# what authors wrote says little of these: few schemas have any. They keep the weights that they have in the model, in the
# models of the folds as well
BY_HAND = {'k:sold', 'k:spent', 'pure_join+link'}
C = {'base': 1.0, 'heard': 0.3, 'check': 0.3}   # inverse strength of the L2 penalty
RARE = 3                            # a feature that fewer schemas have is left out: it would be learned by heart
SEEDS = 3                           # how often each schema loses another fifth of its guards
FOLDS = 10

# What the thresholds aim at, on the scores of models that never saw the schema.
# All guards gone: the share of the proposals that are right. A lower bound, as authors forget guards, too.
PRECISION = {'unguarded': {'high': 0.84, 'medium': 0.58, 'low': 0.30},
             'check_unguarded': {'high': 0.64, 'medium': 0.50, 'low': 0.40}}
# A fifth of the guards gone: wrong proposals for 100 tables. Doubts (src/inference/doubts.rs) are not in these scores, so
# that the tool makes fewer. `guarded.medium` was set by hand afterwards, see docs/accuracy.md.
EXTRAS = {'guarded': {'high': 2.5, 'medium': 16.4, 'low': 38.0},
          'check_guarded': {'high': 0.3, 'medium': 1.6, 'low': 12.0}}
APART = 0.3                         # the levels of a scale are at least so far from each other


def quote(name):
    return '"' + name.replace('"', '""') + '"'


def table_name(text):
    text = text.replace('"', '')
    return text if '.' in text else 'public.' + text


def columns(item):
    return frozenset(c.replace('"', '') for c in item['columns'])


class Schema:
    """One schema with what was taken out of it."""

    def __init__(self, path, weight):
        self.name, self.path, self.weight = os.path.basename(path), path, weight
        truth = json.load(open(f'{path}/truth.json'))
        self.tables = truth['tables']
        gone = [u for u in truth['unique'] if not u['kept'] and not u.get('redundant') and u['columns']]
        sign = [c for c in truth['check'] if not c['kept'] and c['kind'] in ('non_negative', 'positive')]
        self.unique = {(table_name(u['table']), columns(u)) for u in gone}
        self.bounds = {(table_name(c['table']), columns(c)) for c in sign}
        # every guard, with the statement that puts it back
        self.guards = [('unique', table_name(u['table']), columns(u), self.index(u, i)) for i, u in enumerate(gone)]
        for i, c in enumerate(c for c in truth['check'] if not c['kept']):
            schema, table = c['table'].split('.', 1)
            back = f'ALTER TABLE {quote(schema)}.{quote(table)} ADD CONSTRAINT "back_c{i}" {c["expr"]};'
            self.guards.append(('check', table_name(c['table']), columns(c), back))

    @staticmethod
    def index(u, i):
        schema, table = u['table'].split('.', 1)
        if u['expression']:
            keys = ', '.join(k if k in u['columns'] else f'({k})' for k in u['keys'])
        else:
            keys = ', '.join(quote(k.strip('"')) for k in u['keys'])
        where = f" WHERE {u['predicate']}" if u['predicate'] else ''
        return f'CREATE UNIQUE INDEX "back_u{i}" ON {quote(schema)}.{quote(table)} ({keys}){where};'

    def rows(self, path, model, gone):
        """The candidates of a file with their features; y says which are among the guards that are gone."""
        env = dict(os.environ, **({'MODEL': model} if model else {}))
        out = subprocess.run([TOOL, 'rows', path], capture_output=True, text=True, check=True, env=env).stdout
        found = [json.loads(line) for line in out.splitlines()]
        for r in found:
            r['table'], r['columns'], r['of'] = f"{r['schema']}.{r['table']}", frozenset(r['columns']), self.name
            r['weight'] = self.weight
            r['y'] = ('check' if r['family'] == 'check' else 'unique', r['table'], r['columns']) in gone
        return found

    def cold(self):
        gone = {('unique', *u) for u in self.unique} | {('check', *c) for c in self.bounds}
        return self.rows(f'{self.path}/stripped.sql', None, gone)

    def warm(self, model, seed):
        """The same with a fifth of the guards gone, judged by a model that never saw the schema."""
        rng = random.Random(f'{self.name}/{seed}/train')
        out = {i for i in range(len(self.guards)) if rng.random() < 0.2}
        sign = {('check', *c) for c in self.bounds}
        gone = {g[:3] for i, g in enumerate(self.guards) if i in out and (g[0] == 'unique' or g[:3] in sign)}
        with tempfile.NamedTemporaryFile('w', suffix='.sql') as file:
            file.write(open(f'{self.path}/stripped.sql').read() + '\n')
            file.writelines(g[3] + '\n' for i, g in enumerate(self.guards) if i not in out)
            file.flush()
            found = self.rows(file.name, model, gone)
        for r in found:
            r['of'] = f'{self.name}/{seed}'
        return found


def matrix(rows, index, key, base):
    starts, places, values = [0], [], []
    for r in rows:
        known = [index[f] for f in r[key] if f in index]
        places += known
        values += [1.0] * len(known)
        if base:
            # a score may be worth more for one shape than for another
            places += [len(index), len(index) + 1 + SHAPES.index(r['family'])]
            values += [r['base'], r['base']]
        starts.append(len(places))
    return csr_matrix((values, places, starts), shape=(len(rows), len(index) + base * (1 + len(SHAPES))))


def weights(rows, shares):
    """A schema counts by the square root of its size, a table whose name several schemas have counts once in all."""
    size = Counter(r['of'] for r in rows)
    w = np.array([r['weight'] * size[r['of']] ** -0.5 / shares.get((r['table'], r['family'] == 'check'), 1) for r in rows])
    return w / w.mean()


def fit(rows, key, c, shares, base=False):
    """Weights by feature, two decimals; `bias` is the intercept and `base` the weight of the score before."""
    seen = defaultdict(set)
    for r in rows:
        for f in r[key]:
            seen[f].add(r['of'].split('/')[0])
    kept = sorted(f for f, of in seen.items() if len(of) >= RARE and f not in BY_HAND and not f.endswith('bias'))
    index = {f: i for i, f in enumerate(kept)}
    y = np.array([r['y'] for r in rows])
    fitted = LogisticRegression(C=c, max_iter=3000).fit(
        matrix(rows, index, key, base), y, sample_weight=weights(rows, shares))
    out = {f: round(float(w), 2) for f, w in zip(kept, fitted.coef_[0]) if abs(w) >= 0.025}
    out['bias'] = round(float(fitted.intercept_[0]), 2)
    if base:
        out['base'], *shapes = (round(float(w), 2) for w in fitted.coef_[0][len(kept):])
        out.update({f'base+{shape}': w for shape, w in zip(SHAPES, shapes) if w})
    return out


def score(rows, w, key):
    for r in rows:
        # `w:bias`, `k:bias` stand among the features only to be weighed
        r['score'] = w['bias'] + sum(w.get(f, 0.0) for f in r[key] if not f.endswith('bias'))
        if key == 'conventions':
            r['score'] += (w.get('base', 0.0) + w.get(f"base+{r['family']}", 0.0)) * r['base']


def base_model(old, cold, shares):
    """The model with new base weights."""
    new = dict(old, families={}, check={})
    for family in FAMILIES:
        new['families'][family] = fit([r for r in cold if r['family'] == family], 'features', C['base'], shares)
        new['families'][family].update({k: w for k, w in old['families'][family].items() if k in BY_HAND})
    check = fit([r for r in cold if r['family'] == 'check'], 'features', C['check'], shares)
    check['k:bias'] = check.pop('bias')
    check.update({k: w for k, w in old['check'].items() if k in BY_HAND})
    new['check'] = check
    return new


def hear(new, warm, shares):
    """… and with the weights of conventions."""
    for name, bias, rows in (
            ('conventions', 'w:bias', [r for r in warm if r['family'] != 'check' and r['guarded'] and r['base'] >= -7]),
            ('check_conventions', 'kw:bias', [r for r in warm if r['family'] == 'check' and r['guarded']])):
        new[name] = fit(rows, 'conventions', C['heard'], shares, base=True)
        new[name][bias] = new[name].pop('bias')
    return new


def selected(rows, penalty):
    """What is left of the candidates of each table: as src/inference/select.rs does it."""
    tables, out = defaultdict(list), []
    for r in rows:
        tables[r['of'], r['table']].append(r)
    for of_table in tables.values():
        taken = []
        for r in sorted(of_table, key=lambda r: (-r['score'], len(r['columns']), sorted(r['columns']))):
            if len(taken) == len(penalty):
                break
            if not any(r['columns'] <= t['columns'] or t['columns'] <= r['columns'] for t in taken):
                taken.append(r)
                out.append((r['score'] - penalty[len(taken) - 1], r['y']))
    return sorted(out, reverse=True)


def by_precision(scored, wanted):
    """The least score from which on so many of the proposals are right."""
    best, hits = scored[0][0], 0
    for i, (s, y) in enumerate(scored, 1):
        hits += y
        if hits >= wanted * i:
            best = s
    return round(best, 2)


def by_extras(scored, tables, wanted):
    """The least score above which there are so many wrong proposals for 100 tables."""
    wrong = 0
    for s, y in scored:
        wrong += not y
        if wrong > wanted * tables / 100:
            return round(s, 2)
    return round(scored[-1][0], 2)


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument('--schemas', nargs='+', required=True)
    ap.add_argument('--out', required=True)
    ap.add_argument('--folds', required=True)
    a = ap.parse_args()
    schemas = []
    for folder in a.schemas:
        folder, _, weight = folder.partition(':')
        found = [f'{folder}/{n}' for n in sorted(os.listdir(folder))]
        schemas += [Schema(p, float(weight or 1)) for p in found if os.path.exists(f'{p}/truth.json')]
    old = json.load(open(a.out))
    pool = ThreadPoolExecutor(2)
    cold = dict(zip([s.name for s in schemas], pool.map(Schema.cold, schemas)))
    alike = Counter((t, f) for rows in cold.values() for t, f in {(r['table'], r['family'] == 'check') for r in rows})
    everything = [r for rows in cold.values() for r in rows]
    print(f'{len(schemas)} schemas, {len(everything)} candidates, {sum(r["y"] for r in everything)} of them guards')

    os.makedirs(a.folds, exist_ok=True)
    names = [s.name for s in schemas]
    random.Random(1).shuffle(names)
    fold_of = {n: i % FOLDS for i, n in enumerate(names)}
    models, warm = [], []
    for k in range(FOLDS):
        model = base_model(old, [r for n, rows in cold.items() if fold_of[n] != k for r in rows], alike)
        path = f'{a.folds}/{k}.json'
        json.dump(model, open(path, 'w'))
        models.append(model)
        held = [s for s in schemas if fold_of[s.name] == k]
        jobs = [(s, path, seed) for s in held for seed in range(SEEDS)]
        warm += [r for rows in pool.map(lambda j: j[0].warm(j[1], j[2]), jobs) for r in rows]
        # for the thresholds: scores by a model that never saw the schema
        for s in held:
            for family in FAMILIES:
                score([r for r in cold[s.name] if r['family'] == family], model['families'][family], 'features')
            score([r for r in cold[s.name] if r['family'] == 'check'],
                  dict(model['check'], bias=model['check']['k:bias']), 'features')
        print(f'fold {k} done', flush=True)

    final = base_model(old, everything, alike)
    # the conventions are weighed beside base scores of both kinds: those that know the schema, as the shipped ones do, and
    # those that do not, as in a schema of somebody else's
    path = f'{a.folds}/final.json'
    json.dump(final, open(path, 'w'))
    known = [r for rows in pool.map(lambda s: s.warm(path, SEEDS), schemas) for r in rows]
    hear(final, warm + known, alike)
    # the conventions of a fold's model, without the fold
    for k, model in enumerate(models):
        hear(model, [r for r in warm if fold_of[r['of'].split('/')[0]] != k], alike)
        for name, bias, check in (('conventions', 'w:bias', False), ('check_conventions', 'kw:bias', True)):
            score([r for r in warm if fold_of[r['of'].split('/')[0]] == k and (r['family'] == 'check') == check],
                  dict(model[name], bias=model[name][bias]), 'conventions')

    tables = sum(s.tables for s in schemas)
    # -6 is far below any threshold; -7 is HOPELESS in src/inference/mod.rs
    keys = selected([r for r in everything if r['family'] != 'check' and r['score'] > -6], old['penalty'])
    heard = selected([r for r in warm if r['family'] != 'check' and r['guarded'] and r['base'] >= -7], old['penalty'])
    # schemas without any such check say nothing of the precision: their authors write none
    checking = {s.name for s in schemas if s.bounds}
    of_check = [r for r in everything if r['family'] == 'check' and r['of'] in checking]
    bounds = sorted(((r['score'], r['y']) for r in of_check), reverse=True)
    heard_bounds = sorted(((r['score'], r['y']) for r in warm if r['family'] == 'check' and r['guarded']), reverse=True)
    by_scale = {'unguarded': keys, 'check_unguarded': bounds, 'guarded': heard, 'check_guarded': heard_bounds}
    final['thresholds'] = {}
    for scale in ('unguarded', 'guarded', 'check_unguarded', 'check_guarded'):
        scored = by_scale[scale]
        if scale in PRECISION:
            levels = {level: by_precision(scored, wanted) for level, wanted in PRECISION[scale].items()}
        else:
            levels = {level: by_extras(scored, SEEDS * tables, wanted) for level, wanted in EXTRAS[scale].items()}
        levels['low'] = min(levels['low'], levels['medium'] - APART)
        levels['high'] = max(levels['high'], levels['medium'] + APART)
        final['thresholds'][scale] = levels
    print(json.dumps(final['thresholds']))
    for k, model in enumerate(models):
        model['thresholds'] = final['thresholds']
        json.dump(model, open(f'{a.folds}/{k}.json', 'w'))
    json.dump(fold_of, open(f'{a.folds}/folds.json', 'w'), indent=1)
    with open(a.out + '.new', 'w') as out:
        json.dump(final, out, indent=0, sort_keys=False)
    os.replace(a.out + '.new', a.out)


if __name__ == '__main__':
    main()
