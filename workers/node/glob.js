'use strict';
// The files that `main` of a package.json names: a path, or a pattern with *, **, ?, [..] and {a,b}.

const fs = require('node:fs');
const path = require('node:path');

// {a,b} spelled out.
function alternatives(pattern) {
    const found = /^(.*?)\{([^{}]*)\}(.*)$/s.exec(pattern);
    if (!found) return [pattern];
    return found[2].split(',').flatMap((each) => alternatives(found[1] + each + found[3]));
}

const PIECES = /\*\*\/|\*\*|\*|\?|\[[^\]]*\]|[^*?[]+|\[/g;

function expression(pattern) {
    const text = (pattern.match(PIECES) || []).map((piece) => {
        if (piece === '**/') return '(?:[^/]+/)*';
        if (piece === '**') return '.*';
        if (piece === '*') return '[^/]*';
        if (piece === '?') return '[^/]';
        if (/^\[.+\]$/.test(piece)) return piece.replace(/^\[!/, '[^').replace(/\\/g, '\\\\');
        return piece.replace(/[.+^${}()|[\]\\]/g, '\\$&');
    });
    return new RegExp(`^${text.join('')}$`);
}

const DEEPEST = 30; // links may lead in a circle

function* files(folder, below) {
    for (const entry of fs.readdirSync(path.join(folder, below), { withFileTypes: true })) {
        const name = below ? `${below}/${entry.name}` : entry.name;
        if (entry.name === 'node_modules' || entry.name.startsWith('.')) continue;
        const isLink = entry.isSymbolicLink();
        const isFolder = isLink ? fs.statSync(path.join(folder, name), { throwIfNoEntry: false })?.isDirectory() : entry.isDirectory();
        if (isFolder && name.split('/').length < DEEPEST) yield* files(folder, name);
        else if (!isFolder) yield name;
    }
}

const hasMagic = (pattern) => /[*?[{]/.test(pattern);

// Paths below folder, in the order of the alphabet, each once.
function find(folder, pattern) {
    const plain = alternatives(pattern.replace(/\\/g, '/').replace(/^\.\//, '')).map((p) => path.posix.normalize(p));
    const found = new Set(plain.filter((p) => !hasMagic(p) && fs.existsSync(path.join(folder, p))));
    const magic = plain.filter(hasMagic).map(expression);
    if (magic.length)
        for (const name of files(folder, '')) if (magic.some((each) => each.test(name))) found.add(name);
    return [...found].sort();
}

module.exports = { find, hasMagic };
