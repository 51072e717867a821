// Asks a local API with the official OpenAI client and prints what came as one line of JSON. Arguments: base URL, token.
import OpenAI from 'openai'

const [baseURL, apiKey] = process.argv.slice(2)
const client = new OpenAI({ baseURL, apiKey, maxRetries: 0 })
const model = 'demo'
const messages = [{ role: 'user', content: 'one two three' }]
const seen = {}

seen.models = (await client.models.list()).data.map((m) => m.id)

const whole = await client.chat.completions.create({ model, messages, seed: 5, temperature: 0.5, stop: ['x'] })
seen.whole = whole.choices[0].message.content
seen.finish = whole.choices[0].finish_reason
seen.total = whole.usage.total_tokens

seen.pieces = []
const stream = await client.chat.completions.create({
  model, messages, max_tokens: 2, stream: true, stream_options: { include_usage: true }
})
for await (const chunk of stream) {
  const choice = chunk.choices[0]
  if (choice?.delta?.content) seen.pieces.push(choice.delta.content)
  if (choice?.finish_reason) seen.streamFinish = choice.finish_reason
  if (chunk.usage) seen.streamTokens = chunk.usage.completion_tokens
}

seen.plain = (await client.completions.create({ model, prompt: 'a b' })).choices[0].text

const status = async (call) => {
  try {
    await call()
    return 0
  } catch (e) {
    return e.status
  }
}
seen.severalAnswers = await status(() => client.chat.completions.create({ model, messages, n: 2 }))
seen.otherModel = await status(() => client.chat.completions.create({ model: 'gpt', messages }))
seen.wrongToken = await status(() => new OpenAI({ baseURL, apiKey: 'wrong', maxRetries: 0 }).models.list())

console.log(JSON.stringify(seen))
