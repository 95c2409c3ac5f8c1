// Writes FILE.br and FILE.gz beside every file of a folder, at the highest setting: once per build instead of once per
// visitor. `node precompress.mjs FOLDER`

import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { brotliCompress, constants, gzip } from "node:zlib";

const [, , folder] = process.argv;
const entries = await readdir(folder, { recursive: true, withFileTypes: true });
const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath ?? entry.path, entry.name));

await Promise.all(
  files.map(async (file) => {
    const octets = await readFile(file);
    const brotli = {
      params: {
        [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY,
        [constants.BROTLI_PARAM_LGWIN]: constants.BROTLI_MAX_WINDOW_BITS,
        [constants.BROTLI_PARAM_SIZE_HINT]: octets.length,
        // Distances that have a code of their own: WebAssembly is 1 in 1000 smaller.
        [constants.BROTLI_PARAM_NDIRECT]: 12,
      },
    };
    await writeFile(`${file}.br`, await promisify(brotliCompress)(octets, brotli));
    await writeFile(`${file}.gz`, await promisify(gzip)(octets, { level: constants.Z_BEST_COMPRESSION }));
  }),
);
