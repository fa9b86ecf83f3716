// Recomputes the balances trees of vectors/merkle.json (read from stdin) with the npm package.
import { createRequire } from "node:module";
import { readFileSync } from "node:fs";

const require = createRequire(process.argv[2] + "/");
const { StandardMerkleTree } = require("@openzeppelin/merkle-tree");
const { types, cases } = JSON.parse(readFileSync(0, "utf8")).standard;
const answers = cases.map(({ rows }) => {
  const tree = StandardMerkleTree.of(rows, types);
  return {
    root: tree.root,
    leaves: rows.map((row) => tree.leafHash(row)),
    proofs: rows.map((row) => tree.getProof(row)),
  };
});
console.log(JSON.stringify(answers));
