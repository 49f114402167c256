/** What is changed: mutants of a source, from its syntax tree. Types and the words of messages are left alone. */
import ts from 'typescript';
import {type Mutant, mutantOf} from './mutant.ts';

interface Change {
  readonly node: ts.Node;
  readonly text: string;
}

const BINARY: Readonly<Partial<Record<ts.SyntaxKind, readonly string[]>>> = {
  [ts.SyntaxKind.EqualsEqualsEqualsToken]: ['!=='],
  [ts.SyntaxKind.ExclamationEqualsEqualsToken]: ['==='],
  [ts.SyntaxKind.LessThanToken]: ['<=', '>='],
  [ts.SyntaxKind.LessThanEqualsToken]: ['<', '>'],
  [ts.SyntaxKind.GreaterThanToken]: ['>=', '<='],
  [ts.SyntaxKind.GreaterThanEqualsToken]: ['>', '<'],
  [ts.SyntaxKind.AmpersandAmpersandToken]: ['||'],
  [ts.SyntaxKind.BarBarToken]: ['&&'],
  [ts.SyntaxKind.QuestionQuestionToken]: ['&&'],
  [ts.SyntaxKind.PlusToken]: ['-'],
  [ts.SyntaxKind.MinusToken]: ['+'],
  [ts.SyntaxKind.AsteriskToken]: ['/'],
  [ts.SyntaxKind.SlashToken]: ['*'],
  [ts.SyntaxKind.PercentToken]: ['*'],
  [ts.SyntaxKind.PlusEqualsToken]: ['-='],
  [ts.SyntaxKind.MinusEqualsToken]: ['+='],
};

const METHODS: Readonly<Record<string, string>> = {
  some: 'every',
  every: 'some',
  min: 'max',
  max: 'min',
  floor: 'ceil',
  ceil: 'floor',
  startsWith: 'endsWith',
  endsWith: 'startsWith',
};
/** Methods whose call is left away: what they are called on stays. */
const SHAPING: ReadonlySet<string> = new Set(['filter', 'slice', 'toSorted', 'sort', 'trim', 'concat']);

/** Every mutant of a source file, in its order. */
export const mutantsOf = (file: string, source: string): readonly Mutant[] => {
  const tree = ts.createSourceFile(file, source, ts.ScriptTarget.Latest, true, ts.ScriptKind.TS);
  const found = new Map<string, Mutant>();
  const visit = (node: ts.Node): void => {
    if (ts.isTypeNode(node) || ts.isInterfaceDeclaration(node) || ts.isTypeAliasDeclaration(node)) return;
    if (ts.isImportDeclaration(node)) return;
    for (const change of changesOf(node)) {
      const {start, end} = {start: change.node.getStart(tree), end: change.node.getEnd()};
      const mutant = mutantOf(file, source, {start, end, text: change.text});
      if (source.slice(start, end) !== change.text) found.set(`${start} ${end} ${change.text}`, mutant);
    }
    ts.forEachChild(node, visit);
  };
  visit(tree);
  return [...found.values()].toSorted((a, b) => a.start - b.start || a.end - b.end);
};

const changesOf = (node: ts.Node): readonly Change[] => [
  ...conditions(node),
  ...operators(node),
  ...literals(node),
  ...calls(node),
  ...statements(node),
  ...properties(node),
];

const conditions = (node: ts.Node): readonly Change[] => {
  if (ts.isIfStatement(node)) return both(node.expression);
  if (ts.isWhileStatement(node)) return [{node: node.expression, text: 'false'}];
  if (ts.isConditionalExpression(node)) return both(node.condition);
  return [];
};

const both = (node: ts.Node): readonly Change[] => ['true', 'false'].map(text => ({node, text}));

const operators = (node: ts.Node): readonly Change[] => {
  if (ts.isBinaryExpression(node)) return binary(node);
  if (ts.isPrefixUnaryExpression(node) && node.operator === ts.SyntaxKind.ExclamationToken)
    return [{node, text: node.operand.getText()}];
  return [];
};

const binary = ({operatorToken, left, right}: ts.BinaryExpression): readonly Change[] => {
  const isText = [left, right].some(side => ts.isStringLiteralLike(side) || ts.isTemplateExpression(side));
  if (isText && operatorToken.kind === ts.SyntaxKind.PlusToken) return [];
  return (BINARY[operatorToken.kind] ?? []).map(text => ({node: operatorToken, text}));
};

const literals = (node: ts.Node): readonly Change[] => {
  if (node.kind === ts.SyntaxKind.TrueKeyword) return [{node, text: 'false'}];
  if (node.kind === ts.SyntaxKind.FalseKeyword) return [{node, text: 'true'}];
  if (ts.isNumericLiteral(node) && !isType(node) && !isDefault(node) && Number(node.text) < SMALL)
    return [{node, text: `(${node.getText()} + 1)`}];
  if (ts.isArrayLiteralExpression(node) && node.elements.length > 0) return [{node, text: '[]'}];
  return [];
};

const isType = ({parent}: ts.Node): boolean => ts.isLiteralTypeNode(parent);

/** Durations and sizes from here on are choices, which a test would only repeat. */
const SMALL = 1000;

/** What follows `??`, mostly where only the type checker wants something. */
const isDefault = (node: ts.Node): boolean =>
  ts.isBinaryExpression(node.parent) &&
  node.parent.operatorToken.kind === ts.SyntaxKind.QuestionQuestionToken &&
  node.parent.right === node;

const calls = (node: ts.Node): readonly Change[] => {
  if (!ts.isCallExpression(node) || !ts.isPropertyAccessExpression(node.expression)) return [];
  const {name, expression} = node.expression;
  const other = METHODS[name.text];
  if (other !== undefined) return [{node: name, text: other}];
  return SHAPING.has(name.text) ? [{node, text: expression.getText()}] : [];
};

/** A statement that is only there for what it does is left away. */
const statements = (node: ts.Node): readonly Change[] => {
  if (ts.isExpressionStatement(node)) return [{node, text: ';'}];
  if (ts.isContinueStatement(node) || ts.isBreakStatement(node))
    return isOfSwitch(node) ? [] : [{node, text: ';'}];
  return ts.isThrowStatement(node) ? [{node, text: ';'}] : [];
};

const isOfSwitch = ({parent}: ts.Node): boolean => ts.isCaseOrDefaultClause(parent);

/** What is changed in a copy (`{...state, out: true}`) stays as it was. */
const properties = (node: ts.Node): readonly Change[] => {
  if (!ts.isObjectLiteralExpression(node) || !node.properties.some(ts.isSpreadAssignment)) return [];
  return node.properties.map(left => ({
    node,
    text: `{${node.properties
      .filter(each => each !== left)
      .map(each => each.getText())
      .join(', ')}}`,
  }));
};
