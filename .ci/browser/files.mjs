// Files as people have them: a photo from a phone and a PDF document.

const png = Buffer.from('iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg==', 'base64');

export const photo = (name) => ({ name, mimeType: 'image/png', buffer: png });

// pdf is a whole document of one empty page with a right table of contents.
export function pdf(name) {
  const objects = ['<</Type/Catalog/Pages 2 0 R>>', '<</Type/Pages/Kids[3 0 R]/Count 1>>', '<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]>>'];
  let body = '%PDF-1.4\n';
  const at = objects.map((o, i) => {
    const offset = body.length;
    body += `${i + 1} 0 obj\n${o}\nendobj\n`;
    return offset;
  });
  const table = body.length;
  body += `xref\n0 4\n0000000000 65535 f \n${at.map((a) => `${String(a).padStart(10, '0')} 00000 n \n`).join('')}trailer\n<</Size 4/Root 1 0 R>>\nstartxref\n${table}\n%%EOF\n`;
  return { name, mimeType: 'application/pdf', buffer: Buffer.from(body, 'latin1') };
}
