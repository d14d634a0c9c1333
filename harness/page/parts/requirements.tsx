// The documents' sentences, and Kubernetes' own, with what stands behind each.
import type {Store} from '../store.ts'
import {Part, VerdictMark, Wide} from './common.tsx'

export function Requirements({store}: {readonly store: Store}) {
  const requirements = store.result.value?.requirements ?? []
  if (requirements.length === 0) return null
  return (
    <Part id="requirements" title="Requirements">
      <Wide label="The requirements as a table">
        <table>
          <thead>
            <tr>
              <th scope="col">verdict</th>
              <th scope="col">sentence</th>
              <th scope="col">whose words</th>
              <th scope="col" class="number">
                pairs
              </th>
            </tr>
          </thead>
          <tbody>
            {requirements.map(({id, sentence, by, stronger, verdict, passed, total}) => (
              <tr key={id}>
                <td>
                  <VerdictMark verdict={verdict} />
                </td>
                <td>{sentence}</td>
                <td class="dim">{by === 'kubernetes' ? 'Kubernetes' : stronger ? 'the documents, stronger' : 'the documents'}</td>
                <td class="number">
                  {passed} of {total}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </Wide>
    </Part>
  )
}
