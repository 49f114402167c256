/** One XML element as EC2 writes them: a name, attributes kept as text, and either children or text. */
export type Element = {readonly name: string; readonly attributes: string; children: Element[]; text: string};

/** Parses what moto answers (no comments, no CDATA); throws on anything that is not one well-nested element. */
export const parseXml = (source: string): Element => {
  const root = element('');
  const open: Element[] = [root];
  for (const [, closing, name = '', attributes = '', selfClosed, text] of source.matchAll(TOKEN)) {
    const parent = open.at(-1) ?? root;
    if (text !== undefined) parent.text += decode(text);
    else if (closing) open.pop();
    else if (!name.startsWith('?')) {
      const child = element(name, '', attributes);
      parent.children.push(child);
      if (!selfClosed) open.push(child);
    }
  }
  const [first] = root.children;
  if (first === undefined || open.length !== 1)
    throw new Error(`expected one XML element, got: ${source.slice(0, 200)}`);
  return first;
};

export const renderXml = ({name, attributes, children, text}: Element): string => {
  const content = children.length > 0 ? children.map(renderXml).join('') : encode(text.trim());
  return `<${name}${attributes}>${content}</${name}>`;
};

/** Makes an element: `element('status', 'creating')`. */
export const element = (name: string, text = '', attributes = ''): Element => ({
  name,
  attributes,
  children: [],
  text,
});

export const parent = (name: string, children: Element[]): Element => ({...element(name), children});

export const child = (from: Element, name: string): Element | undefined =>
  from.children.find(each => each.name === name);

export const textOf = (from: Element, name: string): string => child(from, name)?.text.trim() ?? '';

/** Sets the text of the child `name`, adding the child when there is none. */
export const setText = (of: Element, name: string, text: string): void => {
  const found = child(of, name);
  if (found) Object.assign(found, {text, children: []});
  else of.children.push(element(name, text));
};

/** The `<item>`s of the list `name`. */
export const items = (of: Element, name: string): Element[] => child(of, name)?.children ?? [];

const TOKEN = /<(\/?)(\??[\w:.-]+)((?:\s[^>]*?)?)(\/?)>|([^<]+)/g;
const ENTITIES: Readonly<Record<string, string>> = {
  '&lt;': '<',
  '&gt;': '>',
  '&quot;': '"',
  '&apos;': "'",
  '&amp;': '&',
};
const decode = (text: string): string =>
  text.replace(/&(lt|gt|quot|apos|amp);/g, entity => ENTITIES[entity] ?? entity);
const encode = (text: string): string =>
  text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;');
