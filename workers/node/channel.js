'use strict';
// Frames on the inherited socket: four bytes of length, then JSON (../README.md).

const net = require('node:net');

class Channel {
    constructor(fd, take) {
        this.take = take;
        this.parts = []; // bytes that no frame has been made of
        this.bytes = 0;
        this.socket = new net.Socket({ fd, readable: true, writable: true });
        this.socket.on('data', (part) => this.came(part));
        // The host is gone, and whatever runs here has nobody to answer.
        this.socket.on('end', () => process.exit(0));
        this.socket.on('error', () => process.exit(0));
    }

    send(message) {
        const text = JSON.stringify(message);
        const length = Buffer.byteLength(text);
        const frame = Buffer.allocUnsafe(4 + length);
        frame.writeUInt32BE(length);
        frame.write(text, 4);
        this.socket.write(frame);
    }

    // Once all that was sent has left.
    close(then) {
        this.socket.end(then);
    }

    came(part) {
        this.parts.push(part);
        this.bytes += part.length;
        for (let frame; (frame = this.next()) !== null; ) this.take(JSON.parse(frame.toString('utf8')));
    }

    next() {
        if (this.bytes < 4) return null;
        if (this.parts[0].length < 4) this.join();
        const length = this.parts[0].readUInt32BE(0);
        if (this.bytes < 4 + length) return null;
        this.join();
        const all = this.parts[0];
        this.parts = all.length > 4 + length ? [all.subarray(4 + length)] : [];
        this.bytes -= 4 + length;
        return all.subarray(4, 4 + length);
    }

    join() {
        if (this.parts.length > 1) this.parts = [Buffer.concat(this.parts, this.bytes)];
    }
}

module.exports = { Channel };
