use dbaudit::inference::{self, facts::Facts};
fn main() {
    let path = std::env::args().nth(1).unwrap();
    let text = std::fs::read_to_string(&path).unwrap();
    let catalog = dbaudit::source::snapshot::read(&text).unwrap();
    let facts = Facts::of(&catalog);
    for (t, c, b) in inference::base_scores(&facts) {
        let t = &facts.tables[t];
        let mut names: Vec<&str> = t.each(&c.columns).map(|c| c.name()).collect();
        names.sort();
        println!("B\t{}.{}\t{}\t{}\t{b}", t.table.schema, t.name(), c.family, names.join(","));
    }
    let i = inference::Inference::of(&catalog);
    for k in &i.keys {
        let mut names = k.columns.clone();
        names.sort();
        let s = k.belief.prior + k.belief.evidence.iter().map(|e| e.weight).sum::<f64>();
        println!("K\t{}.{}\t{:?}\t{}\t{s}", k.table.schema, k.table.name, k.shape, names.join(","));
    }
    for k in &i.bounds {
        let s = k.belief.prior + k.belief.evidence.iter().map(|e| e.weight).sum::<f64>();
        println!("C\t{}.{}\tcheck\t{}\t{s}", k.table.schema, k.table.name, k.column);
    }
}
