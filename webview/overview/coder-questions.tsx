/** What a dictionary's file leaves open: a form of choices and numbers, answered at once. */
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import type { Answer, Answers, Question, Switch } from '../../src/protocol/dictionary.js';
import { Button } from '../controls/button.js';
import { Select } from '../controls/select.js';
import { TextField } from '../controls/text-field.js';

export function CoderQuestions(props: {
  readonly questions: readonly Question[];
  readonly onAnswer: (answers: Answers) => void;
}): JSX.Element {
  const { questions, onAnswer } = props;
  const [given, setGiven] = useState<Partial<Record<Switch, string>>>({});
  const answers = questions.map((question) => parsed(question, given[question.switch]));
  const isComplete = answers.every((answer) => answer !== undefined);
  return (
    <form
      class="coder-questions"
      aria-label="What the file does not say"
      onSubmit={(event) => {
        event.preventDefault();
        if (isComplete) onAnswer(Object.fromEntries(questions.map((question, i) => [question.switch, answers[i]])));
      }}
    >
      <h3>What the file does not say</h3>
      <p class="muted">
        Nothing is guessed: a wrong answer gives features that look like features. What you say is remembered in this
        workspace.
      </p>
      {questions.map((question) => (
        <div key={question.switch} class="coder-question">
          <p>{question.text}</p>
          <Field
            question={question}
            value={given[question.switch] ?? ''}
            onChange={(value) => setGiven({ ...given, [question.switch]: value })}
          />
        </div>
      ))}
      <Button
        primary
        disabled={!isComplete}
        onClick={() =>
          isComplete && onAnswer(Object.fromEntries(questions.map((question, i) => [question.switch, answers[i]])))
        }
      >
        Use These Answers
      </Button>
    </form>
  );
}

function Field(props: {
  readonly question: Question;
  readonly value: string;
  readonly onChange: (value: string) => void;
}): JSX.Element {
  const { question, value, onChange } = props;
  if (question.choices !== undefined) {
    const choices = question.choices.map((choice) => ({ value: choice.value, label: choice.text }));
    return (
      <Select
        label={question.text}
        hideLabel
        value={value}
        choices={[{ value: '', label: 'Choose…' }, ...choices]}
        onChange={onChange}
      />
    );
  }
  const isWrong = value !== '' && parsed(question, value) === undefined;
  return (
    <TextField
      label={question.text}
      value={value}
      placeholder={question.whole === true ? 'A whole number' : 'A number'}
      onInput={onChange}
      invalid={isWrong}
    />
  );
}

/** Undefined where it is no answer yet. */
function parsed({ choices, least, whole }: Question, text: string | undefined): Answer | undefined {
  if (text === undefined || text.trim() === '') return undefined;
  if (choices !== undefined) return text;
  const number = Number(text);
  const fits =
    Number.isFinite(number) && number >= (least ?? -Infinity) && (whole !== true || Number.isInteger(number));
  return fits ? number : undefined;
}
