// The one page of the shop: readable on a phone, without JavaScript.

/**
 * @param {string} version
 * @param {import("./store.mjs").Product[]} products
 * @param {number} orders
 */
export function page(version, products, orders) {
  const rows = products.map(
    (product) => `<li>${plain(product.name)} <b>${(product.cents / 100).toFixed(2)}</b></li>`,
  );
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>The little shop (${plain(version)})</title>
<style>
  body { font: 18px/1.5 system-ui, sans-serif; max-width: 32rem; margin: 2rem auto; padding: 0 1rem; color: #222; }
  ul { list-style: none; padding: 0; } li { border-bottom: 1px solid #ccc; padding: .5rem 0; }
  b { float: right; } .version { background: #eef; border-radius: .3rem; padding: .2rem .6rem; }
</style>
<h1>The little shop</h1>
<p>You are served by version <strong class="version">${plain(version)}</strong>.</p>
<ul>
${rows.join("\n")}
</ul>
<p>${orders} orders so far.</p>
</html>
`;
}

/** @param {string} text */
function plain(text) {
  return text.replace(/[&<>"]/g, (sign) => `&#${sign.charCodeAt(0)};`);
}
