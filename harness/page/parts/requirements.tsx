// The documents' sentences, and Kubernetes' own, with what stands behind each.
import type {Store} from '../store.ts'
import {Part, VerdictMark} from './common.tsx'

export function Requirements({store}: {readonly store: Store}) {
  const requirements = store.result.value?.requirements ?? []
  if (requirements.length === 0) return null
  return (
    <Part id="requirements" title="Requirements">
      <div class="wide">
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
      </div>
    </Part>
  )
}
