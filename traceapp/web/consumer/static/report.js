/* Solves the puzzle of the report form while its last page is read. Without it the report is taken all the same.
   Only this page's own address is used, and the form is never held up: what is not solved in time is sent without. */
"use strict";
(function () {
  var field = document.getElementById("altcha");
  if (!field) { return; }
  var challenge = JSON.parse(field.dataset.challenge);
  var words = constants();

  function constants() {
    /* Source: FIPS 180-4, 4.2.2 and 5.3.3: fractional parts of cube and square roots of the first primes. */
    var cubes = [], squares = [], candidate = 2;
    while (cubes.length < 64) {
      var prime = true;
      for (var factor = 2; factor * factor <= candidate; factor++) { if (candidate % factor === 0) { prime = false; break; } }
      if (prime) {
        if (squares.length < 8) { squares.push((Math.pow(candidate, 1 / 2) % 1) * 4294967296 | 0); }
        cubes.push((Math.pow(candidate, 1 / 3) % 1) * 4294967296 | 0);
      }
      candidate++;
    }
    return {cubes: cubes, squares: squares};
  }

  function turned(value, by) { return (value >>> by) | (value << (32 - by)); }

  /* SHA-256 of at most 55 bytes: one block, as eight words. */
  function digest(bytes) {
    var w = new Int32Array(64), i;
    for (i = 0; i < bytes.length; i++) { w[i >> 2] |= bytes[i] << (24 - 8 * (i & 3)); }
    w[bytes.length >> 2] |= 0x80 << (24 - 8 * (bytes.length & 3));
    w[15] = bytes.length * 8;
    for (i = 16; i < 64; i++) {
      var x = w[i - 15], y = w[i - 2];
      w[i] = w[i - 16] + (turned(x, 7) ^ turned(x, 18) ^ (x >>> 3)) + w[i - 7] + (turned(y, 17) ^ turned(y, 19) ^ (y >>> 10));
    }
    var h = words.squares, s = h.slice();
    for (i = 0; i < 64; i++) {
      var e = s[4], a = s[0];
      var one = (s[7] + (turned(e, 6) ^ turned(e, 11) ^ turned(e, 25)) + ((e & s[5]) ^ (~e & s[6])) + words.cubes[i] + w[i]) | 0;
      var two = ((turned(a, 2) ^ turned(a, 13) ^ turned(a, 22)) + ((a & s[1]) ^ (a & s[2]) ^ (s[1] & s[2]))) | 0;
      s = [(one + two) | 0, a, s[1], s[2], (s[3] + one) | 0, e, s[5], s[6]];
    }
    return s.map(function (value, place) { return (value + h[place]) | 0; });
  }

  function hex(values) {
    return values.map(function (value) { return ("0000000" + (value >>> 0).toString(16)).slice(-8); }).join("");
  }

  function fromHex(text) {
    return (text.match(/../g) || []).map(function (pair) { return parseInt(pair, 16); });
  }

  var start = fromHex(challenge.parameters.salt + challenge.parameters.nonce);
  var prefix = challenge.parameters.keyPrefix, counter = 0, began = Date.now();
  if (start.length > 51 || challenge.parameters.cost !== 1) { return; }

  function some() {
    for (var end = counter + 2000; counter < end; counter++) {
      var found = hex(digest(start.concat([counter >>> 24 & 255, counter >>> 16 & 255, counter >>> 8 & 255, counter & 255])));
      if (found.slice(0, prefix.length) === prefix) {
        var key = found.slice(0, 2 * (challenge.parameters.keyLength || 32));
        field.value = btoa(JSON.stringify({
          challenge: challenge, solution: {counter: counter, derivedKey: key, time: Date.now() - began}}));
        return;
      }
    }
    setTimeout(some, 0);
  }
  some();
}());
